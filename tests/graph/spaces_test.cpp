#include "graph/spaces.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "graphs.h"

using pipit::Graph;
using pipit::space_of;
using test::build;

namespace {

/// The names of the spaces of the outputs, when nodes have these.
std::string spaces(const Graph& graph, const std::vector<std::string>& own) {
  std::string text;
  for (const pipit::ColumnId output : graph.outputs) text += space_of(graph, output, own).name + ", ";
  return text.substr(0, text.size() - 2);
}

}  // namespace

TEST_CASE("spaces: a column lies in the space of the nearest node above it that has one") {
  const Graph graph = build(R"(
inputs: {text: string}
nodes:
  - {name: low, op: test/text.point, in: text, out: vec}
  - {name: twice, op: test/text.mix, in: [vec, vec], out: vec}
  - {name: high, op: test/text.mix, in: [vec, vec], out: other}
outputs: [text, vec, other]
)");
  CHECK(spaces(graph, {"A", "", ""}) == ", A, A");
  CHECK(spaces(graph, {"A", "", "B"}) == ", A, B");
  CHECK(spaces(graph, {"", "", ""}) == ", , ");
}

TEST_CASE("spaces: a column of several spaces names them all") {
  const Graph graph = build(R"(
inputs: {text: string}
nodes:
  - {name: b, op: test/text.point, in: text, out: b}
  - {name: a, op: test/text.point, in: text, out: a}
  - {name: sum, op: test/text.mix, in: [b, a], out: sum}
outputs: [sum]
)");
  CHECK(spaces(graph, {"B", "A", ""}) == "A + B");
  CHECK(spaces(graph, {"A", "A", ""}) == "A");
  CHECK(spaces(graph, {"", "A", ""}) == "A");
}

TEST_CASE("spaces: a filter passes on each column's own and a window's times lie in none") {
  const Graph graph = build(R"(
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: point, op: test/text.point, in: word, out: vec}
  - {name: long, op: test/text.longer, in: word, keep: [word, vec], out: [kept, near]}
  - {name: all, op: test/text.crowd, in: near, out: size, args: {modality: window}, window: {size: all, rows: rows}}
outputs: [kept, near, rows]
)");
  CHECK(spaces(graph, {"", "A", "", "", "B"}) == ", A, ");
}

TEST_CASE("spaces: the dimension is that of the column with the name") {
  Graph graph = build(R"(
inputs: {text: string}
nodes:
  - {name: a, op: test/text.point, in: text, out: a}
  - {name: sum, op: test/text.mix, in: [a, a], out: sum}
outputs: [sum]
)");
  CHECK(space_of(graph, graph.outputs[0], {"A", ""}).dimension == 0);
  graph.column(graph.nodes[0].outputs[0]).type = pipit::Type::parse("tensor<f32>[3]");
  CHECK(space_of(graph, graph.outputs[0], {"A", ""}).dimension == 3);
}
