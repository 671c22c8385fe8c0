// ann_search.index: an index as a node of a pipeline.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pipit/testing.h"
#include "scene.h"

namespace {

using nlohmann::json;
using pipit::Tensor;
using pipit::Value;
using pipit::testing::OperatorRunner;
using test::Outcome;
using test::Scene;

constexpr const char* kPoint =
    "pipit: 1\ninputs: {text: string}\nnodes:\n"
    "  - {name: point, op: test/text.point, in: text, out: vec, args: {space: A, size: 2}}\n";

/// An index of three points, and one of moments of two clips.
class Indexes : public Scene {
 public:
  Indexes() {
    write("ask.yaml", std::string(kPoint) + "outputs: [vec]\n");
    write("p.yaml", std::string(kPoint) + "outputs: [text, vec]\nindex: {vector: vec, text: ask.yaml}\n");
    write("in.jsonl", "{\"text\":\"1 0\"}\n{\"text\":\"0.6 0.8\",\"id\":7}\n{\"text\":\"0 1\"}\n");
    CHECK(run({"run", "p.yaml", "--inputs", "in.jsonl", "--output", "x.index"}).err == "");
    write("moments.jsonl",
          "{\"vec\":[1,0],\"path\":\"a.mp4\",\"start_ms\":0,\"end_ms\":4000}\n"
          "{\"vec\":[[0.8,0.6],[0.9,0.1]],\"path\":\"b.mp4\",\"start_ms\":[0,2000],\"end_ms\":[4000,6000]}\n");
    CHECK(run({"index", "import", "m.index", "moments.jsonl", "--pipeline", "p.yaml"}).err == "");
    write("search.yaml",
          std::string(kPoint) +
              "  - {name: search, op: ann_search.index, in: vec, out: answers, args: {index_path: x.index, "
              "k: 2}}\noutputs: [text, answers]\n");
  }

  OperatorRunner runner(const std::string& index, OperatorRunner::Arguments arguments = {}) const {
    arguments.emplace_back("index_path", folder() + "/" + index);
    return OperatorRunner("ann_search.index", arguments, {.operator_path = {PIPIT_BUILD_DIR "/lib/pipit/operators"}});
  }
};

Value vector(const std::vector<float>& numbers) {
  Tensor tensor = Tensor::empty(pipit::DType::kFloat32, {static_cast<std::int64_t>(numbers.size())});
  std::ranges::copy(numbers, tensor.mutable_data<float>());
  return Value(tensor);
}

std::string refusal(const auto& make) {
  try {
    make();
  } catch (const pipit::Error& e) {
    return e.code() + ": " + e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("an index answers in a pipeline as pipit search does") {
  const Indexes indexes;
  const Outcome found = indexes.run({"run", "search.yaml", "--input", "text=0 1"});
  CHECK(found.err == "");
  CHECK(json::parse(found.out)["answers"] ==
        json::parse("[{\"rank\":1,\"score\":1.0,\"item\":2,\"text\":\"0 1\"},"
                    "{\"rank\":2,\"score\":0.800000011920929,\"item\":1,\"id\":7,\"text\":\"0.6 0.8\"}]"));
  // Many queries share a call, and one that is wrong fails alone.
  indexes.write("many.jsonl", "{\"text\":\"0 1\"}\n{\"text\":\"0 0\"}\n{\"text\":\"1 0\"}\n");
  const Outcome many = indexes.run({"run", "search.yaml", "--inputs", "many.jsonl", "--output", "out.jsonl"});
  CHECK(many.status == 1);
  const std::string lines = indexes.read("out.jsonl");
  CHECK(lines.find("\"error\":{\"node\":\"search\",\"code\":\"invalid_input\",\"message\":\"the query's vector is zero "
                   "and is near to nothing\"}") != std::string::npos);
  CHECK(std::ranges::count(lines, '\n') == 3);
}

TEST_CASE("an index refuses vectors of another space as its pipeline opens") {
  const Indexes indexes;
  const Outcome other = indexes.run({"run", "search.yaml", "--input", "text=0 1", "--set", "point.space=B"});
  CHECK(other.err == "search.yaml:5: node 'search': takes vectors of space 'A', 'point.vec' gives those of 'B'\n");
  CHECK(other.status != 0);
}

TEST_CASE("an index node gives moments and clips and rows") {
  const Indexes indexes;
  const auto answers = [&](const OperatorRunner::Arguments& arguments) {
    OperatorRunner runner = indexes.runner("m.index", arguments);
    std::vector<std::string> told;
    const auto outputs = runner.item({{vector({1, 0})}}).outputs();
    for (const Value& answer : outputs.at(0).at(0).list()) {
      told.push_back(std::string(answer.get("path").string()) + " " + std::to_string(answer.get("start_ms").integer()) +
                     " " + std::to_string(answer.get("end_ms").integer()));
    }
    return told;
  };
  CHECK(answers({}) == std::vector<std::string>{"a.mp4 0 4000", "b.mp4 2000 6000"});
  CHECK(answers({{"per", "clip"}}) == std::vector<std::string>{"a.mp4 0 4000", "b.mp4 2000 6000"});
  CHECK(answers({{"per", "row"}}) == std::vector<std::string>{"a.mp4 0 4000", "b.mp4 2000 6000", "b.mp4 0 4000"});
  CHECK(answers({{"per", "row"}, {"k", 1}}) == std::vector<std::string>{"a.mp4 0 4000"});
  CHECK(answers({{"min_score", 0.85}, {"per", "row"}}).size() == 2);
  CHECK(answers({{"where", Value::map({{"path", Value("b.mp4")}})}, {"per", "row"}}) ==
        std::vector<std::string>{"b.mp4 2000 6000", "b.mp4 0 4000"});
}

TEST_CASE("an index node tells what is wrong with its index and its vectors") {
  const Indexes indexes;
  CHECK(refusal([&] { indexes.runner("none.index"); }) ==
        "invalid_argument: argument 'index_path': '" + indexes.folder() + "/none.index' does not exist");
  CHECK(refusal([&] { indexes.runner("p.yaml"); }) ==
        "invalid_index: '" + indexes.folder() + "/p.yaml' is not an index: an index is a folder");
  CHECK(refusal([&] {
          indexes.runner("x.index", {{"per", "moment"}});
        }) == "invalid_argument: index '" + indexes.folder() +
                  "/x.index' has no moments: its rows lack 'start_ms' and 'end_ms'; search for rows or clips");
  OperatorRunner runner = indexes.runner("x.index");
  const auto result = runner.item({{vector({1, 0, 0})}});
  REQUIRE(result.error() != nullptr);
  CHECK(result.error()->what() ==
        "the query has 3 numbers, the vectors of index '" + indexes.folder() + "/x.index' have 2");
  CHECK(runner.facts().get("rows").integer() == 3);
  CHECK(!runner.facts().get("accelerated").boolean());
}
