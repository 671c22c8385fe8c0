#include "plan/plan.h"

#include <algorithm>
#include <cmath>

#include "graph/description.h"
#include "plan/thread_division.h"

namespace pipit {
namespace {

std::size_t bytes_of(double mib) {
  return static_cast<std::size_t>(mib * kMib);
}

/// Every edge that a node reads through, in the order of its first use.
void add_edges(Plan& plan, NodeId consumer) {
  const GraphNode& node = plan.graph.node(consumer);
  const NodeSpec& spec = plan.graph.spec_of(consumer);
  for (ColumnId index : plan.graph.read_by(node)) {
    const Column& column = plan.graph.column(index);
    PlanNode& reader = plan.node(consumer);
    const auto same =
        std::ranges::find_if(reader.in, [&](EdgeId e) { return plan.edge(e).producer == column.producer; });
    if (same != reader.in.end()) {
      std::vector<ColumnId>& columns = plan.edge(*same).columns;
      if (std::ranges::find(columns, index) == columns.end()) columns.push_back(index);
      continue;
    }
    PlanEdge edge;
    edge.producer = column.producer;
    edge.consumer = consumer;
    edge.columns = {index};
    edge.domain = column.domain;
    if (const auto held = node.held.find(index); held != node.held.end()) {
      edge.hold = static_cast<std::uint32_t>(plan.graph.domain(held->second).depth);
    }
    edge.queue_rows = spec.queue_rows > 0 ? spec.queue_rows : Plan::kQueueRows;
    edge.queue_bytes = bytes_of(edge.hold ? spec.hold_mib : spec.queue_mib > 0 ? spec.queue_mib : Plan::kQueueMib);
    const auto at = static_cast<EdgeId>(plan.edges.size());
    reader.in.push_back(at);
    if (edge.producer >= 0) plan.node(edge.producer).out.push_back(at);
    plan.edges.push_back(std::move(edge));
  }
}

/// An operator that gives one row for each, and remembers nothing, may be given rows of several items. What it does
/// with a row does not depend on the rows beside it, so nobody but the clock can tell.
PlanBatch batch_of(const GraphNode& node, const NodeSpec& spec) {
  constexpr double kMostWaitMs = 3.6e6;
  PlanBatch batch;
  batch.rows = spec.batch_max > 0 ? spec.batch_max : node.op.signature.batch;
  batch.across_items = batch.rows > 1 && !node.op.signature.per_item && node.mode != Mode::kFlatMap;
  if (batch.across_items)
    batch.wait = std::chrono::microseconds(std::llround(std::min(spec.batch_wait_ms, kMostWaitMs) * 1000));
  return batch;
}

}  // namespace

Plan Plan::make(Graph graph, int threads) {
  Plan plan;
  plan.graph = std::move(graph);
  plan.description = describe(plan.graph);
  plan.pushed_down = push_down(plan.graph);
  plan.threads = threads;
  plan.nodes.resize(plan.graph.nodes.size());
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    const NodeSpec& spec = plan.graph.spec.nodes[i];
    PlanNode& node = plan.nodes[i];
    node.replicas = spec.replicas;
    node.batch = batch_of(plan.graph.nodes[i], spec);
    node.window_bytes = bytes_of(kWindowMib);
    add_edges(plan, static_cast<NodeId>(i));
  }
  if (threads > 0) divide_threads(plan, static_cast<std::uint32_t>(threads));
  return plan;
}

}  // namespace pipit
