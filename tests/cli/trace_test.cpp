// What a run tells of itself: traces, statistics, pictures.
#include <doctest/doctest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "scene.h"

using nlohmann::json;
using test::Outcome;
using test::Scene;

namespace {

const char* const kWords = R"(pipit: 1
name: words "and" lengths
inputs: {text: string}
nodes:
  - {name: split, op: test/text.words, in: text, out: word}
  - {name: up, op: test/text.upper, in: word, out: word, replicas: 2}
  - {name: length, op: test/text.length, in: word, out: bytes}
outputs: [text, bytes]
)";

std::string lines(int items) {
  std::string text;
  for (int i = 0; i < items; ++i) text += "{\"text\":\"one two three\"}\n";
  return text;
}

}  // namespace

TEST_CASE("trace: a track a thread and a span a call") {
  const Scene scene;
  scene.write("words.yaml", kWords);
  const Outcome outcome = scene.run(
      {"run", "words.yaml", "--inputs", "-", "--output", "out.jsonl", "--trace", "trace.json", "--stats", "stats.json"},
      lines(50));
  CHECK(outcome.status == 0);
  std::map<int, std::string> tracks;
  std::map<std::string, std::int64_t> calls;
  std::map<std::string, std::int64_t> rows;
  for (const json& event : json::parse(scene.read("trace.json"))) {
    if (event["name"] == "thread_name") tracks[event["tid"]] = event["args"]["name"];
    if (event["ph"] != "X" || event["cat"] != "call") continue;
    REQUIRE(tracks.contains(event["tid"]));
    CHECK(tracks[event["tid"]].starts_with(std::string(event["name"])));
    CHECK(event["dur"] >= 0);
    CHECK(event["args"]["first_item"] == event["args"]["last_item"]);
    ++calls[event["name"]];
    rows[event["name"]] += event["args"]["rows"].get<std::int64_t>();
  }
  std::vector<std::string> names;
  for (const auto& [track, name] : tracks) names.push_back(name);
  std::ranges::sort(names);
  CHECK(names == std::vector<std::string>{"length", "split", "up", "up 2"});
  CHECK(rows == std::map<std::string, std::int64_t>{{"split", 50}, {"up", 150}, {"length", 150}});
  const json stats = json::parse(scene.read("stats.json"));
  for (const json& node : stats["nodes"]) CHECK(node["calls"] == calls[node["name"]]);
}

TEST_CASE("trace: a disk that is full is told and costs no result") {
  const Scene scene;
  scene.write("words.yaml", kWords);
  const Outcome outcome =
      scene.run({"run", "words.yaml", "--inputs", "-", "--output", "out.jsonl", "--trace", "/dev/full"}, lines(3000));
  CHECK(outcome.err == "cannot write '/dev/full': No space left on device\n");
  CHECK(outcome.status == 3);
  CHECK(scene.shell("wc -l <out.jsonl").out == "3000\n");
}

TEST_CASE("stats: counters of each node and errors by code") {
  const Scene scene;
  scene.write("words.yaml", kWords);
  scene.run({"run", "words.yaml", "--inputs", "-", "--output", "out.jsonl", "--stats", "stats.json"},
            lines(3) + "{\"text\":\"a bad word\"}\n{}\n");
  const json stats = json::parse(scene.read("stats.json"));
  CHECK(stats["items"] == 5);
  CHECK(stats["failed"] == 2);
  CHECK(stats["errors"] == json{{"bad_text", 1}, {"invalid_input", 1}});
  const json& split = stats["nodes"][0];
  CHECK(split["rows_in"] == 4);
  CHECK(split["rows_out"] == 12);
  CHECK(split["queued_rows"] == 0);
  const json& up = stats["nodes"][1];
  CHECK(up["failed"] == 1);
  CHECK(up["in_call_s"] == 0);
  CHECK(up["counters"]["texts"] >= 9);
  // A text's words and the marks between them, or more of them.
  CHECK(up["queued_rows"] >= 3);
  CHECK(up["queued_bytes"] > 0);
}

TEST_CASE("check: a pipeline is drawn for Graphviz") {
  const Scene scene;
  scene.write("words.yaml", kWords);
  const std::string picture = R"(digraph "words \"and\" lengths" {
  rankdir=LR;
  node [shape=box];
  inputs [shape=ellipse];
  outputs [shape=ellipse];
  n2 [label="length\ntest/text.length\nreduce"];
  subgraph cluster_1 {
    label="rows of 'split'";
    n0 [label="split\ntest/text.words\nflat map"];
    n1 [label="up\ntest/text.upper\nmap, 2 replicas"];
  }
  inputs -> n0 [label="text"];
  n0 -> n1 [label="word"];
  n1 -> n2 [label="word"];
  inputs -> outputs [label="text"];
  n2 -> outputs [label="bytes"];
}
)";
  const Outcome standard = scene.run({"check", "words.yaml", "--dot", "-"});
  CHECK(standard.out == picture);
  CHECK(standard.status == 0);
  const Outcome file = scene.run({"check", "words.yaml", "--dot", "words.dot"});
  CHECK(file.out == "words.yaml: ok, 3 nodes\n");
  CHECK(scene.read("words.dot") == picture);
}
