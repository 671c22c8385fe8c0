// An index as the output of a run: what it holds, and what becomes of it when the run breaks off or another is added.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "scene.h"

using nlohmann::json;
using test::Outcome;
using test::Scene;
using test::Words;

namespace {

const char* const kPoint = R"(pipit: 1
inputs: {text: string}
nodes:
  - {name: point, op: test/text.point, in: text, out: vec, args: {space: A, size: 2}}
outputs: [text, vec]
)";

// A vector for each word, with the word beside it.
const char* const kWords = R"(pipit: 1
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: point, op: test/text.point, in: word, out: vec, args: {space: A}}
outputs: [text, word, vec]
)";

json manifest_of(const Scene& scene, const std::string& index = "x.index") {
  return json::parse(scene.read(index + "/manifest.json"));
}

/// All lines of a file of the index's segments.
std::string lines_of(const Scene& scene, const std::string& file, const std::string& index = "x.index") {
  std::string all;
  const json manifest = manifest_of(scene, index);
  for (const json& segment : manifest["segments"]) {
    all += scene.read(index + "/segments/" + segment["name"].get<std::string>() + "/" + file);
  }
  return all;
}

/// What became of each item; of several lines of one the last.
std::string outcomes_of(const Scene& scene) {
  std::map<int, std::string> outcomes;
  std::istringstream lines(lines_of(scene, "items.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    const json item = json::parse(line);
    outcomes[item["item"]] = item.contains("error") ? item["error"]["code"].get<std::string>() : item["rows"].dump();
  }
  std::string text;
  for (const auto& [item, outcome] : outcomes) text += (text.empty() ? "" : " ") + outcome;
  return text;
}

Words run(const std::string& pipeline, const std::string& inputs, const Words& more = {}) {
  Words all{"run", pipeline, "--inputs", inputs, "--output", "x.index"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

const char* const kThree = "{\"id\":7,\"text\":\"1 2\"}\n{\"id\":8,\"text\":\"x\"}\n{\"id\":9,\"text\":\"3 4\"}\n";

}  // namespace

TEST_CASE("index output: rows have the fields of the item and items that failed their errors") {
  const Scene scene;
  scene.write("p.yaml", kPoint);
  scene.write("in.jsonl", kThree);
  const Outcome outcome = scene.run(run("p.yaml", "in.jsonl"));
  CHECK(outcome.err ==
        "1 of 3 items failed; item 1: node 'point': 'x' is not a number (bad_text); 'x.index' has its line\n");
  CHECK(outcome.status == 1);
  const json manifest = manifest_of(scene);
  CHECK(manifest["space"] == "A");
  CHECK(manifest["dimension"] == 2);
  CHECK(manifest["vector"] == "vec");
  CHECK(manifest["items"] == 3);
  CHECK(lines_of(scene, "rows.jsonl") ==
        "{\"item\":0,\"id\":7,\"text\":\"1 2\"}\n{\"item\":2,\"id\":9,\"text\":\"3 4\"}\n");
  const std::string items = lines_of(scene, "items.jsonl");
  CHECK(items.find("\"inputs\":{\"id\":8,\"text\":\"x\"},\"error\":{\"node\":\"point\",\"code\":\"bad_text\","
                   "\"message\":\"'x' is not a number\"}}\n") != std::string::npos);
  CHECK(scene.exists("x.index.run") == false);
}

TEST_CASE("index output: a column of many rows gives a row each with what stands beside it") {
  const Scene scene;
  scene.write("p.yaml", kWords);
  scene.write("in.txt", "1 2 3\n\n4\n");
  CHECK(scene.run(run("p.yaml", "in.txt")).err == "");
  CHECK(lines_of(scene, "rows.jsonl") ==
        "{\"item\":0,\"text\":\"1 2 3\",\"word\":\"1\"}\n{\"item\":0,\"text\":\"1 2 3\",\"word\":\"2\"}\n"
        "{\"item\":0,\"text\":\"1 2 3\",\"word\":\"3\"}\n{\"item\":1,\"text\":\"4\",\"word\":\"4\"}\n");
  CHECK(outcomes_of(scene) == "3 1");
}

TEST_CASE("index output: the first vector tells the dimension where no operator does") {
  const Scene scene;
  scene.write("p.yaml", kWords);
  scene.write("in.txt", "x\n1 2\n");
  CHECK(scene.run(run("p.yaml", "in.txt")).status == 1);
  CHECK(manifest_of(scene)["dimension"] == 1);
  CHECK(outcomes_of(scene) == "bad_text 2");
  scene.write("bad.txt", "x\n");
  const Outcome none = scene.run({"run", "p.yaml", "--inputs", "bad.txt", "--output", "none.index"});
  CHECK(none.err ==
        "no item gave a vector; index 'none.index' is not made\n"
        "1 of 1 item failed; item 0: node 'point': 'x' is not a number (bad_text); 'none.index' has its line\n");
  CHECK(none.status == 1);
  CHECK(!scene.exists("none.index"));
}

TEST_CASE("index output: a vector that cannot be found is an item that failed") {
  const Scene scene;
  scene.write("p.yaml", kPoint);
  scene.write("in.txt", "1 2\n0 0\nnan 1\n1 2 3\n5 6\n");
  CHECK(scene.run(run("p.yaml", "in.txt")).status == 1);
  CHECK(outcomes_of(scene) == "1 invalid_output invalid_output invalid_output 1");
}

TEST_CASE("index output: the index section chooses the vector and its queries are kept as text") {
  const Scene scene;
  const std::string query =
      "pipit: 1\nvars: {space: B}\ninputs: {text: string}\nnodes:\n"
      "  - {name: point, op: test/text.point, in: text, out: vec, args: {space: $space}}\n"
      "outputs: [vec]\n";
  scene.write("q.yaml", query);
  scene.write("p.yaml",
              "pipit: 1\nvars: {space: A, other: p.yaml}\ninputs: {text: string}\nnodes:\n"
              "  - {name: one, op: test/text.point, in: text, out: one, args: {space: $space}}\n"
              "  - {name: two, op: test/text.point, in: text, out: two, args: {space: $space}}\n"
              "outputs: [one, two]\nindex: {vector: two, text: q.yaml}\n");
  CHECK(scene.run({"run", "p.yaml", "--input", "text=1 2", "--output", "x.index"}).err == "");
  const json manifest = manifest_of(scene);
  CHECK(manifest["vector"] == "two");
  CHECK(lines_of(scene, "rows.jsonl") == "{\"item\":0,\"one\":[1,2]}\n");
  const json kept = manifest["queries"]["text"];
  CHECK(kept["text"] == query);
  CHECK(kept["set"] == json::parse(R"([["vars.space","A"]])"));
  CHECK(kept["file"].get<std::string>().ends_with("/q.yaml"));
  CHECK(scene.run({"run", "p.yaml", "--input", "text=1", "--output", "y.index", "--column", "one"}).err == "");
  CHECK(manifest_of(scene, "y.index")["vector"] == "one");
  scene.write("q.yaml", "pipit: 1\n");
  const Outcome broken = scene.run({"run", "p.yaml", "--input", "text=1", "--output", "z.index"});
  CHECK(broken.status == 2);
  CHECK(broken.err.starts_with("q.yaml:1:1: 'nodes' must be a list of at least one node\n    pipit: 1\n    ^\n"));
  CHECK(!scene.exists("z.index"));
}

TEST_CASE("index output: pipelines that give no index are told why") {
  const Scene scene;
  const auto fault = [&](const std::string& text) {
    scene.write("p.yaml", text);
    const Outcome outcome = scene.run({"run", "p.yaml", "--input", "text=1", "--output", "x.index"});
    CHECK(outcome.status == 2);
    CHECK(!scene.exists("x.index"));
    return outcome.err;
  };
  const std::string head = "pipit: 1\ninputs: {text: string}\nnodes:\n";
  CHECK(fault(head + "  - {name: up, op: test/text.upper, in: text, out: loud}\noutputs: [loud]\n") ==
        "'x.index' takes an output that is a vector, tensor<f32>[?]; the pipeline gives none\n");
  const std::string a = "  - {name: a, op: test/text.point, in: text, out: a, args: {space: A}}\n";
  CHECK(fault(head + a + "  - {name: b, op: test/text.point, in: text, out: b}\noutputs: [a, b]\n") ==
        "'x.index' takes one output that is a vector; the pipeline gives 'a' and 'b'; choose with --column, as in "
        "--column a\n");
  CHECK(fault(head + "  - {name: b, op: test/text.point, in: text, out: b}\noutputs: [b]\n") ==
        "'x.index' keeps vectors under the name of their space, and no node above output 'b' names one; the operator "
        "that makes them must\n");
  CHECK(
      fault(head + "  - {name: words, op: test/text.words, in: text, out: word}\n"
                   "  - {name: v, op: test/text.point, in: word, out: v, args: {space: A}}\n"
                   "  - {name: more, op: test/text.words, in: text, out: other}\noutputs: [v, other]\n") ==
      "'x.index' has a row for each row of node 'words', and output 'other' has the rows of node 'more'; leave it out "
      "of 'outputs'\n");
}

TEST_CASE("index output: another run is added with --append") {
  const Scene scene;
  scene.write("p.yaml", kPoint);
  scene.write("in.jsonl", kThree);
  scene.write("more.jsonl", "{\"id\":1,\"text\":\"5 6\"}\n");
  CHECK(scene.run(run("p.yaml", "in.jsonl", {"--append"})).status == 1);
  CHECK(
      scene.run(run("p.yaml", "more.jsonl")).err ==
      "pipit: --output 'x.index': results are there already; go on with them by --resume, add to them by --append, or "
      "replace them by --overwrite\n");
  CHECK(scene.run(run("p.yaml", "more.jsonl", {"--append"})).err == "");
  CHECK(outcomes_of(scene) == "1 bad_text 1 1");
  CHECK(lines_of(scene, "rows.jsonl").ends_with("{\"item\":3,\"id\":1,\"text\":\"5 6\"}\n"));
  CHECK(scene.run(run("p.yaml", "more.jsonl", {"--append", "--set", "point.space=B"})).err ==
        "cannot add to index 'x.index': its vectors are of space 'A', and these of 'B'; vectors of different spaces "
        "cannot "
        "be compared\n");
  scene.write("q.yaml", std::string(kPoint).replace(std::string(kPoint).find("[text, vec]"), 11, "[vec]"));
  const Outcome other = scene.run(run("q.yaml", "more.jsonl", {"--append"}));
  CHECK(other.err ==
        "cannot add to index 'x.index': its pipeline is another: outputs was [\"text\",\"point.vec\"], is "
        "[\"point.vec\"]; name another --output\n");
  CHECK(other.status == 2);
  CHECK(outcomes_of(scene) == "1 bad_text 1 1");
}

TEST_CASE("index output: --resume goes on with the last run and runs failed items again") {
  const Scene scene;
  scene.write("p.yaml", kPoint);
  scene.write("first.txt", "9 1\n");
  CHECK(scene.run(run("p.yaml", "first.txt")).status == 0);
  scene.write("in.jsonl", kThree);
  CHECK(scene.run(run("p.yaml", "in.jsonl", {"--append"})).status == 1);
  scene.write("in.jsonl", std::string(kThree) + "{\"text\":\"5 6\"}\n");
  const Outcome more = scene.run(run("p.yaml", "in.jsonl", {"--resume", "--stats", "s.json"}));
  CHECK(more.err == "1 item failed in an earlier run, see 'x.index'; --resume --retry-failed runs it again\n");
  CHECK(scene.read("s.json").starts_with("{\"items\":1,"));
  CHECK(outcomes_of(scene) == "1 1 bad_text 1 1");
  CHECK(scene.run(run("p.yaml", "in.jsonl", {"--resume", "--retry-failed", "--stats", "s.json"})).status == 1);
  CHECK(scene.read("s.json").starts_with("{\"items\":1,\"failed\":1,"));
  CHECK(outcomes_of(scene) == "1 1 bad_text 1 1");
  CHECK(scene.run(run("p.yaml", "first.txt", {"--resume"})).status == 2);
  scene.write("in.jsonl", "{\"text\":\"1 1\"}\n" + std::string(kThree));
  CHECK(scene.run(run("p.yaml", "in.jsonl", {"--resume"})).err ==
        "cannot resume 'x.index': line 1 of 'in.jsonl' is not what the result of item 0 was made from; items may be "
        "added "
        "at the end only. Start anew with --overwrite, or name another --output\n");
}

TEST_CASE("index output: an item that failed and is whole now takes its place") {
  const Scene scene;
  scene.write("p.yaml",
              "pipit: 1\ninputs: {file: string}\nnodes:\n"
              "  - {name: read, op: test/text.content, in: file, out: bytes}\n"
              "  - {name: point, op: test/text.point, in: file, out: vec, args: {space: A, size: 1}}\n"
              "  - {name: sum, op: test/text.mix, in: [vec, bytes], out: sum}\noutputs: [sum]\n");
  scene.write("1", "a");
  scene.write("in.txt", "1\n2\n");
  CHECK(scene.run(run("p.yaml", "in.txt")).status == 1);
  scene.write("2", "b");
  const Outcome again = scene.run(run("p.yaml", "in.txt", {"--resume", "--retry-failed"}));
  CHECK(again.err == "");
  CHECK(again.status == 0);
  CHECK(outcomes_of(scene) == "1 1");
  CHECK(lines_of(scene, "rows.jsonl") == "{\"item\":0}\n{\"item\":1}\n");
}

TEST_CASE("index output: --overwrite leaves the old index until there is a result") {
  const Scene scene;
  scene.write("p.yaml", kPoint);
  scene.write("in.txt", "1 2\n");
  CHECK(scene.run(run("p.yaml", "in.txt")).status == 0);
  const std::string before = scene.read("x.index/manifest.json");
  scene.write("none.txt", "");
  scene.run(run("p.yaml", "none.txt", {"--overwrite"}));
  CHECK(scene.read("x.index/manifest.json") == before);
  scene.write("in.txt", "7 8\n9 1\n");
  CHECK(scene.run(run("p.yaml", "in.txt", {"--overwrite"})).err == "");
  CHECK(lines_of(scene, "rows.jsonl") == "{\"item\":0,\"text\":\"7 8\"}\n{\"item\":1,\"text\":\"9 1\"}\n");
}

TEST_CASE("index output: whatever kills a run the index is whole and the run goes on") {
  const Scene scene;
  scene.write("p.yaml",
              "pipit: 1\ninputs: {text: string}\nnodes:\n"
              "  - {name: sleep, op: test/text.sleep, in: text, out: slept, args: {ms: 1}}\n"
              "  - {name: point, op: test/text.point, in: slept, out: vec, args: {space: A, size: 1}}\n"
              "outputs: [text, vec]\n");
  std::string inputs;
  std::string rows;
  for (int i = 1; i <= 300; ++i) {
    inputs += std::to_string(i) + "\n";
    rows += "{\"item\":" + std::to_string(i - 1) + ",\"text\":\"" + std::to_string(i) + "\"}\n";
  }
  scene.write("in.txt", inputs);
  std::mt19937 random(7);
  for (int round = 0; round < 20; ++round) {
    const std::string wait = "0." + std::string(round % 2 == 0 ? "0" : "") + std::to_string(10 + random() % 80);
    scene.shell("$PIPIT run p.yaml --inputs in.txt --resume --output x.index & p=$!; sleep " + wait +
                "; kill -KILL $p; wait $p");
    if (scene.exists("x.index/manifest.json")) CHECK(rows.starts_with(lines_of(scene, "rows.jsonl")));
  }
  const Outcome last = scene.run(run("p.yaml", "in.txt", {"--resume"}));
  CHECK(last.err == "");
  CHECK(last.status == 0);
  CHECK(lines_of(scene, "rows.jsonl") == rows);
}

TEST_CASE("index output: options that do not go together are refused") {
  const Scene scene;
  scene.write("p.yaml", kPoint);
  scene.write("in.txt", "1 2\n");
  const auto refused = [&](const Words& words) {
    Words all{"run", "p.yaml", "--inputs", "in.txt"};
    all.insert(all.end(), words.begin(), words.end());
    const Outcome outcome = scene.run(all);
    CHECK(outcome.status == 2);
    return outcome.err;
  };
  CHECK(refused({"--output", "x.jsonl", "--append"}) == "pipit: --append goes with --output DIR.index\n");
  CHECK(refused({"--output", "x.index", "--append", "--resume"}) ==
        "pipit: --append and --resume exclude each other\n");
  CHECK(refused({"--output", "x.index", "--append", "--overwrite"}) ==
        "pipit: --append and --overwrite exclude each other\n");
  CHECK(refused({"--output", "x.jsonl", "--column", "vec"}) ==
        "pipit: --column goes with --output FILE.npy or DIR.index; JSON lines have all outputs\n");
  scene.write("y.index", "somebody's");
  CHECK(refused({"--output", "y.index"}) ==
        "pipit: --output 'y.index' is there and is not a result of pipit run; remove it, or name another file\n");
  CHECK(scene.read("y.index") == "somebody's");
}
