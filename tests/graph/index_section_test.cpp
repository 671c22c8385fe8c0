// What a pipeline file says of an index, and what is wrong with that.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "graph/graph.h"
#include "graph/index_queries.h"
#include "graphs.h"

using pipit::Graph;
using test::build;
using test::fault;

namespace {

/// A pipeline with a vector, a text and a list of vectors, and this index.
std::string with_index(const std::string& index) {
  return R"(
vars: {space: A}
inputs: {text: string}
nodes:
  - {name: point, op: test/text.point, in: text, out: vec, args: {space: $space}}
  - {name: words, op: test/text.words, in: text, out: word}
outputs: [text, vec, word]
index: )" +
         index + "\n";
}

/// A fault of the index's line, which is the eighth.
std::string shown(std::size_t column, const std::string& message, const std::string& index) {
  return "f.yaml:8:" + std::to_string(column) + ": " + message + "\n    index: " + index + "\n" +
         std::string(4 + column - 1, ' ') + "^";
}

/// Query pipelines in a folder of their own.
class Queries {
 public:
  Queries() { std::filesystem::create_directories(folder_); }
  ~Queries() { std::filesystem::remove_all(folder_); }
  Queries(const Queries&) = delete;
  Queries& operator=(const Queries&) = delete;

  void write(const std::string& text) const { std::ofstream(folder_ / "q.yaml") << "pipit: 1\n" << text; }

  /// What is wrong, without the folder.
  std::string fault(const std::string& vector = "vec") const {
    try {
      const pipit::OperatorPath path({PIPIT_TEST_OPERATORS});
      Graph::build(
          pipit::Spec::draft("pipit: 1" + with_index("{vector: " + vector + ", text: q.yaml}"), "f.yaml", folder_, {}),
          path, [&](const Graph& graph, pipit::Faults& faults) { check_index_queries(graph, path, faults); });
      return "";
    } catch (const pipit::Error& e) {
      std::string text = e.what();
      const std::string folder = folder_.string() + "/";
      for (auto at = text.find(folder); at != std::string::npos; at = text.find(folder)) text.erase(at, folder.size());
      return text;
    }
  }

 private:
  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("pipit-queries-" + std::to_string(::getpid()));
};

}  // namespace

TEST_CASE("index section: it names an output that is a vector and pipelines beside the file") {
  const Graph graph = build(with_index("{vector: vec, text: q.yaml, video: parts/v.yaml}"));
  REQUIRE(graph.spec.index);
  CHECK(graph.spec.index->vector.text == "vec");
  REQUIRE(graph.spec.index->queries.size() == 2);
  CHECK(graph.spec.index->queries[0].key == "text");
  CHECK(graph.spec.index->queries[0].file == "files/q.yaml");
  CHECK(graph.spec.index->queries[1].file == "files/parts/v.yaml");
}

TEST_CASE("index section: what is wrong with it is told with its line") {
  CHECK(fault(with_index("{vector: vek}")) ==
        shown(17, "'index.vector': no output 'vek' ('outputs' names 'text', 'vec' and 'word'); did you mean 'vec'?",
              "{vector: vek}"));
  CHECK(
      fault(with_index("{vector: text}")) ==
      shown(17, "'index.vector' takes an output that is a vector, tensor<f32>[?], 'text' is string", "{vector: text}"));
  CHECK(fault(with_index("{text: q.yaml}")) ==
        shown(8, "'index' must say which output is searched, {vector: COLUMN}", "{text: q.yaml}"));
  CHECK(fault(with_index("{vector: vec, txt: q.yaml}")) ==
        shown(22, "'index': no key 'txt' (the keys are 'vector', 'text', 'image' and 'video'); did you mean 'text'?",
              "{vector: vec, txt: q.yaml}"));
  CHECK(fault(with_index("vec")) ==
        shown(8, "'index' must be a mapping of 'vector', 'text', 'image' and 'video', found 'vec'", "vec"));
}

TEST_CASE("index section: a query's pipeline gets the vars of the same name") {
  const Queries queries;
  queries.write(
      "vars: {space: \"${NO_SUCH_SPACE:?no space}\", other: x}\ninputs: {text: string}\nnodes:\n"
      "  - {name: point, op: test/text.point, in: text, out: vec, args: {space: $space}}\noutputs: [vec]\n");
  CHECK(queries.fault() == "");
}

TEST_CASE("index section: a query's pipeline that does not fit is told") {
  const Queries queries;
  CHECK(queries.fault() == shown(28, "'index.text': cannot open pipeline 'q.yaml': No such file or directory",
                                 "{vector: vec, text: q.yaml}"));
  queries.write(
      "inputs: {a: string, b: string}\nnodes:\n  - {name: pair, op: test/text.pair, in: [a, b], out: t}\n"
      "  - {name: point, op: test/text.point, in: t, out: vec}\noutputs: [vec]\n");
  CHECK(queries.fault() == shown(28, "'index.text': 'q.yaml' takes 2 inputs ('a' and 'b'), a query gives one",
                                 "{vector: vec, text: q.yaml}"));
  queries.write("inputs: {n: int}\nnodes:\n  - {name: half, op: test/text.half, in: n, out: h}\noutputs: [h]\n");
  CHECK(queries.fault() ==
        shown(28, "'index.text': 'q.yaml' takes int, a query gives string", "{vector: vec, text: q.yaml}"));
  queries.write(
      "inputs: {t: string}\nnodes:\n  - {name: words, op: test/text.words, in: t, out: w}\n"
      "  - {name: point, op: test/text.point, in: w, out: vec}\noutputs: [vec]\n");
  CHECK(queries.fault() == shown(28, "'index.text': 'q.yaml' has no output that is one vector an item, tensor<f32>[?]",
                                 "{vector: vec, text: q.yaml}"));
  queries.write(
      "inputs: {t: string}\nnodes:\n  - {name: a, op: test/text.point, in: t, out: a}\n"
      "  - {name: b, op: test/text.point, in: t, out: b}\noutputs: [a, b]\n");
  CHECK(queries.fault() ==
        shown(28,
              "'index.text': 'q.yaml' gives several vectors, 'a' and 'b'; call the query's 'vec' as this pipeline does",
              "{vector: vec, text: q.yaml}"));
  queries.write("inputs: {t: string}\nnodes:\n  - {name: a, op: test/text.pont, in: t, out: vec}\noutputs: [vec]\n");
  CHECK(queries.fault().starts_with("q.yaml:4:19: no operator 'test/text.pont'"));
}
