#include "plan/plan.h"

#include <doctest/doctest.h>

#include "graphs.h"
#include "module/operator_module.h"
#include "pipit/signature.h"
#include "plan/dot.h"
#include "value/json_text.h"

using pipit::Plan;
using pipit::PlanEdge;

TEST_CASE("plan: a node reads each producer through one edge") {
  const Plan plan = Plan::make(test::build(R"(
inputs: {text: string, other: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: cut, op: test/text.longer, in: word, keep: [word, text, word], out: [a, b, c]}
  - {name: both, op: test/text.pair, in: {a: b, b: a}, out: pair}
  - {name: with, op: test/text.pair, in: [pair, other], out: last}
outputs: [last, c]
)"),
                               0);
  REQUIRE(plan.edges.size() == 6);
  const PlanEdge& from_words = plan.edges[1];
  CHECK(from_words.producer == 0);
  CHECK(from_words.consumer == 1);
  CHECK_MESSAGE(from_words.columns.size() == 1, "a column that is read twice flows once");
  const PlanEdge& from_cut = plan.edges[3];
  CHECK(from_cut.producer == 1);
  CHECK(from_cut.columns.size() == 2);
  CHECK(plan.edges[5].producer == -1);
  CHECK(plan.nodes[1].out == std::vector<int>{3});
  CHECK(plan.nodes[3].in == std::vector<int>{4, 5});
}

TEST_CASE("plan: replicas and batches and queues are as the file says or as usual") {
  const Plan plan = Plan::make(test::build(R"(
inputs: {n: int}
nodes:
  - {name: count, op: test/text.count, in: n, out: number}
  - {name: half, op: test/text.half, in: number, out: half, replicas: 3, queue: {items: 7, mib: 0.5}}
  - {name: again, op: test/text.half, in: half, out: quarter, batch: {max: 2}}
outputs: [quarter]
)"),
                               0);
  CHECK(plan.nodes[0].replicas == 1);
  CHECK(plan.nodes[0].batch.rows == 0);
  CHECK(plan.nodes[1].replicas == 3);
  CHECK_MESSAGE(plan.nodes[1].batch.rows == 8, "what the operator says is useful");
  CHECK(plan.nodes[2].batch.rows == 2);
  CHECK(plan.edges[1].queue_rows == 7);
  CHECK(plan.edges[1].queue_bytes == 512 * 1024);
  CHECK(plan.edges[2].queue_rows == Plan::kQueueRows);
  CHECK(plan.edges[2].queue_bytes == 64 * 1024 * 1024);
}

TEST_CASE("plan: an edge that holds rows has the node's hold and says for which rows") {
  const Plan plan = Plan::make(test::build(R"(
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: parts, op: test/text.words, in: word, out: part}
  - {name: join, op: test/text.join, in: [part, word], out: joined}
  - {name: both, op: test/text.pair, in: [part, joined], out: pair, hold: {mib: 3}, queue: {mib: 1}}
outputs: [pair]
)"),
                               0);
  const PlanEdge& parts = plan.edges[static_cast<std::size_t>(plan.nodes[3].in[0])];
  CHECK(parts.hold == 1);
  CHECK(parts.queue_bytes == 3 * 1024 * 1024);
  const PlanEdge& joined = plan.edges[static_cast<std::size_t>(plan.nodes[3].in[1])];
  CHECK_FALSE(joined.hold);
  CHECK(joined.queue_bytes == 1024 * 1024);
}

TEST_CASE("plan: only nodes that run threads of their own share the budget") {
  const Plan plan = Plan::make(test::build(R"(
inputs: {text: string}
nodes:
  - {name: up, op: test/text.upper, in: text, out: loud}
outputs: [loud]
)"),
                               8);
  CHECK(plan.threads == 8);
  CHECK(plan.nodes[0].threads == 0);
}

namespace {

/// Eight threads for a decoder and a model behind it, on this device.
Plan decoder_and_model(const std::string& device) {
  pipit::Graph graph = test::build(R"(
inputs: {text: string}
nodes:
  - {name: decode, op: test/text.upper, in: text, out: frame}
  - {name: embed, op: test/text.upper, in: frame, out: vec}
outputs: [vec]
)");
  for (pipit::GraphNode& node : graph.nodes) node.op.signature.uses_threads = true;
  pipit::GraphNode& model = graph.nodes[1];
  model.op.note.libtorch = "2.11.0";
  pipit::Signature signature = pipit::Signature("embeds")
                                   .input("frame", "string")
                                   .output("vec", "string")
                                   .argument("device", "string", "cpu", "where")
                                   .format("device");
  pipit_operator table = *pipit::OperatorModule::load(model.op.file).table;
  table.signature = &signature.raw();
  model.op.signature.arguments = pipit::OperatorSignature::read(table).arguments;
  model.arguments = pipit::Value::map({{"device", pipit::Value(device)}});
  return Plan::make(std::move(graph), 8);
}

}  // namespace

TEST_CASE("plan: a model gets most of the threads where it computes on them") {
  const Plan on_cpu = decoder_and_model("cpu");
  CHECK(on_cpu.nodes[0].threads == 2);
  CHECK(on_cpu.nodes[1].threads == 6);
  const Plan on_cuda = decoder_and_model("cuda:1");
  CHECK(on_cuda.nodes[0].threads == 6);
  CHECK(on_cuda.nodes[1].threads == 2);
}

TEST_CASE("plan: columns that say what a window is of are explained and described and drawn") {
  const Plan plan = Plan::make(test::build(R"(
inputs: {text: string}
nodes:
  - {name: pictures, op: test/text.pictures, in: text, out: frame}
  - {name: film, op: test/text.film, in: frame, out: film, window: {size: all, start: begin, rows: n}}
  - {name: half, op: test/text.half, in: n, out: half}
outputs: [film, begin, half]
)"),
                               0);
  CHECK(plan.explain().find("out film: string, begin: int, n: int (rows of item)\n") != std::string::npos);
  const pipit::Value film = plan.description.get("nodes").get("film");
  std::string json;
  pipit::append_json(json, film.get("window"));
  CHECK(json == R"({"size":"all","by":"pictures.frame","start":"begin","rows":"n"})");
  json.clear();
  pipit::append_json(json, film.get("out"));
  CHECK(json == R"(["film","begin","n"])");
  CHECK(pipit::dot(plan).find("n1 -> n2 [label=\"n\"];\n") != std::string::npos);
}
