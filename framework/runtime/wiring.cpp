#include "runtime/wiring.h"

#include <algorithm>
#include <utility>

namespace pipit {
namespace {

constexpr std::uint32_t kMostChunkRows = 64;

}  // namespace

Wiring::Wiring(const Plan& plan) : plan_(plan) {
  for (const PlanEdge& edge : plan_.edges) {
    // The pipeline's inputs are bounded by the items in flight.
    const bool entry = edge.producer < 0;
    const std::uint32_t rows = entry || edge.hold ? UINT32_MAX : edge.queue_rows;
    const std::size_t bytes = entry ? SIZE_MAX : edge.queue_bytes;
    Queues& queues = queues_.emplace_back();
    for (std::uint32_t q = 0; q < replicas(edge.producer) * replicas(edge.consumer); ++q) {
      queues.push_back(std::make_unique<ChunkQueue>(rows, bytes, edge.hold));
    }
  }
}

NodeWorker::Setup Wiring::setup_of(NodeId id, std::uint32_t replica) const {
  const GraphNode& node = plan_.graph.node(id);
  const PlanNode& planned = plan_.node(id);
  NodeWorker::Setup setup;
  setup.node = id;
  setup.replica = replica;
  setup.name = plan_.graph.spec_of(id).name;
  setup.graph_node = &node;
  setup.in = shape_of(id, replica);
  setup.depth_in = depth(node.domain_in);
  setup.depth_out = depth(node.domain_out);
  setup.depth_group = depth(node.domain_group);
  setup.batch = planned.batch;
  if (node.mode == Mode::kWindow) setup.windows = windows_of(id);
  setup.chunk_rows = kMostChunkRows;
  for (EdgeId e : planned.out) {
    const PlanEdge& edge = plan_.edge(e);
    setup.out.push_back(out_stream(e, replica));
    if (!edge.hold) setup.chunk_rows = std::min(setup.chunk_rows, std::max(1u, edge.queue_rows / 4));
  }
  for (std::size_t output = 0; output < plan_.graph.outputs.size(); ++output) {
    const Column& column = plan_.graph.column(plan_.graph.outputs[output]);
    if (column.producer == id) setup.results.emplace_back(static_cast<std::size_t>(column.port), output);
  }
  return setup;
}

Joiner::Shape Wiring::shape_of(NodeId id, std::uint32_t replica) const {
  const GraphNode& node = plan_.graph.node(id);
  const PlanNode& planned = plan_.node(id);
  Joiner::Shape shape;
  shape.first_item = replica;
  shape.step = planned.replicas;
  shape.beside_depth = depth(node.domain_out);
  for (EdgeId e : planned.in) {
    const PlanEdge& edge = plan_.edge(e);
    InStream stream;
    for (std::uint32_t p = 0; p < replicas(edge.producer); ++p) {
      stream.queues.push_back(&queue(e, p, replica));
    }
    stream.depth = depth(edge.domain);
    stream.driver = edge.domain == node.domain_in;
    shape.streams.push_back(std::move(stream));
  }
  const auto where = [&](ColumnId column) {
    for (std::size_t s = 0; s < planned.in.size(); ++s) {
      const std::vector<ColumnId>& columns = plan_.edge(planned.in[s]).columns;
      const auto found = std::ranges::find(columns, column);
      if (found != columns.end()) return JoinedColumn{s, static_cast<std::size_t>(found - columns.begin())};
    }
    throw Error("internal", "a column has no edge");
  };
  for (std::size_t port = 0; port < node.inputs.size(); ++port) {
    const bool beside = node.mode == Mode::kWindow && window_port(node, port) == Windower::Port::kBeside;
    (beside ? shape.beside : shape.columns).push_back(where(node.inputs[port]));
  }
  for (ColumnId column : node.keep) shape.columns.push_back(where(column));
  if (node.by) shape.columns.push_back(where(*node.by));
  return shape;
}

Windower::Setup Wiring::windows_of(NodeId id) const {
  const GraphNode& node = plan_.graph.node(id);
  Windower::Setup windows;
  windows.window = node.window;
  for (std::size_t port = 0; port < node.inputs.size(); ++port) windows.ports.push_back(window_port(node, port));
  windows.facts = node.facts;
  windows.timed = node.by.has_value();
  windows.depth_group = depth(node.domain_group);
  windows.max_bytes = plan_.node(id).window_bytes;
  return windows;
}

/// What stands beside all rows of a group comes with its end, too late for windows that are given before; and where the
/// rows are the items themselves it is one of them.
Windower::Port Wiring::window_port(const GraphNode& node, std::size_t port) const {
  if (node.ports().inputs[port].count == PortCount::kMany) return Windower::Port::kRows;
  const bool whole_group = node.window.kind == WindowSpec::Kind::kAll && depth(node.domain_in) > 0;
  return whole_group ? Windower::Port::kBeside : Windower::Port::kFirst;
}

OutStream Wiring::out_stream(EdgeId id, std::uint32_t replica) const {
  const PlanEdge& edge = plan_.edge(id);
  OutStream out;
  for (std::uint32_t c = 0; c < replicas(edge.consumer); ++c) out.queues.push_back(&queue(id, replica, c));
  for (ColumnId column : edge.columns) {
    out.columns.push_back(static_cast<std::size_t>(plan_.graph.column(column).port));
  }
  out.consumer = edge.consumer;
  out.consumer_name = plan_.graph.spec_of(edge.consumer).name;
  return out;
}

ChunkQueue& Wiring::queue(EdgeId edge, std::uint32_t producer, std::uint32_t consumer) const {
  return *queues(edge)[producer * replicas(plan_.edge(edge).consumer) + consumer];
}

std::uint32_t Wiring::consumer_of(EdgeId edge, std::int64_t item) const {
  return static_cast<std::uint32_t>(item % replicas(plan_.edge(edge).consumer));
}

void Wiring::wake() const {
  for (const Queues& queues : queues_) {
    for (const auto& queue : queues) queue->wake();
  }
}

void Wiring::abort() const {
  for (const Queues& queues : queues_) {
    for (const auto& queue : queues) queue->abort();
  }
}

}  // namespace pipit
