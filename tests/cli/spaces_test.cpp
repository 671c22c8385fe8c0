// The names of vectors' spaces: where they are told, and what refuses to compare different ones.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "scene.h"

using nlohmann::json;
using test::Outcome;
using test::Scene;
using test::Words;

namespace {

std::string pipeline(const std::string& space) {
  return "pipit: 1\ninputs: {text: string}\nnodes:\n"
         "  - {name: point, op: test/text.point, in: text, out: vec, args: {space: \"" +
         space +
         "\"}}\n"
         "  - {name: twice, op: test/text.mix, in: [vec, vec], out: vec}\n"
         "  - {name: length, op: test/text.length, in: text, out: bytes}\n"
         "outputs: [text, vec, bytes]\n";
}

json record_of(const Scene& scene, const std::string& output) {
  const std::string text = scene.read(output + ".run");
  return json::parse(text.substr(0, text.find("\n}\n") + 3));
}

}  // namespace

TEST_CASE("spaces: the record of a run and its statistics name them") {
  const Scene scene;
  scene.write("p.yaml", pipeline("red ones"));
  for (const std::string output : {"out.jsonl", "out.npy"}) {
    CHECK(scene.run({"run", "p.yaml", "--input", "text=1 2", "--output", output, "--stats", "s.json"}).status == 0);
    CHECK(record_of(scene, output)["spaces"] == json{{"vec", "red ones"}});
    const json nodes = json::parse(scene.read("s.json"))["nodes"];
    CHECK(nodes[0]["facts"] == json{{"space", "red ones"}});
    CHECK(nodes[1]["facts"] == json::object());
  }
}

TEST_CASE("spaces: nobody is asked where vectors are only printed") {
  const Scene scene;
  scene.write("p.yaml", pipeline("A"));
  const Words run{"run", "p.yaml", "--input", "text=1", "-v"};
  const Outcome printed = scene.run(run);
  CHECK(printed.err.find("point") != std::string::npos);
  CHECK(printed.err.find("asked_for_its_space") == std::string::npos);
  Words kept = run;
  kept.insert(kept.end(), {"--output", "out.jsonl"});
  CHECK(scene.run(kept).err.find("asked_for_its_space: 1") != std::string::npos);
}

TEST_CASE("spaces: an operator that cannot name its space stops the run") {
  const Scene scene;
  scene.write("p.yaml", pipeline("lost"));
  const Outcome outcome = scene.run({"run", "p.yaml", "--input", "text=1", "--output", "out.jsonl"});
  CHECK(outcome.err == "p.yaml:4: node 'point': its weights are gone\n");
  CHECK(outcome.status == 2);
  CHECK(scene.run({"run", "p.yaml", "--input", "text=1"}).status == 0);
}

TEST_CASE("spaces: eval compares no vectors of different ones") {
  const Scene scene;
  scene.write("a.yaml", pipeline("A"));
  scene.write("b.yaml", pipeline("B"));
  scene.write("none.yaml", pipeline(""));
  for (const std::string name : {"a", "b", "none"}) {
    for (const std::string ending : {".jsonl", ".npy"}) {
      CHECK(scene.run({"run", name + ".yaml", "--input", "text=1 2", "--output", name + ending}).status == 0);
    }
  }
  for (const std::string command : {"similarity", "retrieval"}) {
    for (const std::string ending : {".jsonl", ".npy"}) {
      const Outcome refused = scene.run({"eval", command, "a.jsonl", "b" + ending});
      CHECK(refused.err == "vectors of different spaces cannot be compared: 'a.jsonl' has 'A', 'b" + ending +
                               "' has 'B'; make both with the same weights\n");
      CHECK(refused.status == 2);
      CHECK(refused.out == "");
      CHECK(scene.run({"eval", command, "a.npy", "a" + ending}).status == 0);
      CHECK_MESSAGE(scene.run({"eval", command, "a.npy", "none" + ending}).status == 0, "of that one nothing is known");
    }
  }
}

TEST_CASE("spaces: a node that takes vectors of one space is given no others") {
  const Scene scene;
  scene.write("p.yaml", pipeline("A"));
  const Words run{"run", "p.yaml", "--input", "text=1", "--set"};
  const auto with = [&](const std::string& space) {
    Words words = run;
    words.push_back("twice.takes=" + space);
    return scene.run(words);
  };
  CHECK(with("A").status == 0);
  CHECK(with("").status == 0);
  CHECK(with("B").err == "p.yaml:5: node 'twice': takes vectors of space 'B', 'point.vec' gives those of 'A'\n");
  CHECK(with("B").status == 2);
}

TEST_CASE("spaces: a record of before is gone on with") {
  const Scene scene;
  scene.write("p.yaml", pipeline("A"));
  scene.write("in.jsonl", "{\"text\":\"1\"}\n");
  const Words run{"run", "p.yaml", "--inputs", "in.jsonl", "--output", "out.jsonl", "--resume"};
  CHECK(scene.run(run).status == 0);
  std::string record = scene.read("out.jsonl.run");
  const std::string spaces = ",\n  \"spaces\": {\n    \"vec\": \"A\"\n  }";
  REQUIRE(record.find(spaces) != std::string::npos);
  record.erase(record.find(spaces), spaces.size());
  scene.write("out.jsonl.run", record);
  CHECK(scene.run(run).err == "");
}
