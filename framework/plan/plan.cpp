#include "plan/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "graph/description.h"

namespace pipit {
namespace {

constexpr double kMib = 1024.0 * 1024.0;

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

std::string batch_text(const PlanBatch& batch, std::string_view what) {
  std::string text = fmt::format("up to {} {} a call", batch.rows, what);
  if (batch.across_items) text += ", of several items";
  if (batch.wait.count() > 0)
    text += fmt::format(", waiting {} ms for them", static_cast<double>(batch.wait.count()) / 1000);
  return text;
}

/// Models are what takes the time, so they get the budget but for a quarter, from four threads up, that decoders and
/// the like share. LibTorch has one setting for the process: nodes on it do not divide it, their replicas do.
void divide_threads(Plan& plan, std::uint32_t budget) {
  const auto on_libtorch = [&](std::size_t i) { return plan.graph.nodes[i].op.note.libtorch != "none"; };
  const auto uses_threads = [&](std::size_t i) { return plan.graph.nodes[i].op.signature.uses_threads; };
  std::uint32_t others = 0;
  std::uint32_t torch_replicas = 0;
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    if (!uses_threads(i)) continue;
    if (on_libtorch(i)) {
      torch_replicas = std::max(torch_replicas, plan.nodes[i].replicas);
    } else {
      others += plan.nodes[i].replicas;
    }
  }
  const std::uint32_t for_others = torch_replicas == 0 ? budget : budget / 4;
  const std::uint32_t for_torch = others == 0 ? budget : budget - for_others;
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    if (!uses_threads(i)) continue;
    plan.nodes[i].threads = std::max(1u, on_libtorch(i) ? for_torch / torch_replicas : for_others / others);
  }
}

std::string port_list(const Plan& plan, const std::vector<Port>& ports, const std::vector<ColumnId>& columns) {
  std::string text;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Column& column = plan.graph.column(columns[i]);
    const std::string type = (i < ports.size() ? ports[i].type : column.type).text();
    text += fmt::format("{}{}: {}", i > 0 ? ", " : "", column.name, type);
  }
  return text;
}

std::string rows_text(const Graph& graph, DomainId domain) {
  const Domain& d = graph.domain(domain);
  return d.opened_by.empty() ? "item" : d.opened_by;
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

std::string Plan::explain() const {
  std::string text = fmt::format("pipeline '{}': {} node{}, {} thread{} to share\n", graph.spec.name, nodes.size(),
                                 nodes.size() == 1 ? "" : "s", threads, threads == 1 ? "" : "s");
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const GraphNode& node = graph.nodes[i];
    const PlanNode& planned = nodes[i];
    const Variant& ports = node.ports();
    text += fmt::format("{:<14} {} {}, {}\n", graph.spec.nodes[i].name, node.op.name, node.op.note.version,
                        mode_name(node.mode));
    text += fmt::format("{:<14}   in  {} (rows of {})\n", "", port_list(*this, ports.inputs, node.inputs),
                        rows_text(graph, node.domain_in));
    for (const PushedDown& pushed : pushed_down) {
      if (pushed.into == graph.spec.nodes[i].name)
        text += fmt::format("{:<14}   does the work of '{}' too\n", "", pushed.moved);
    }
    if (!node.keep.empty()) text += fmt::format("{:<14}   keep {}\n", "", port_list(*this, {}, node.keep));
    text += fmt::format("{:<14}   out {} (rows of {})\n", "",
                        port_list(*this, node.keep.empty() ? ports.outputs : std::vector<Port>{}, node.outputs),
                        rows_text(graph, node.domain_out));
    std::string runs = fmt::format("{} replica{}", planned.replicas, planned.replicas == 1 ? "" : "s");
    if (planned.threads > 0) runs += fmt::format(" of {} thread{}", planned.threads, planned.threads == 1 ? "" : "s");
    const bool window = node.mode == Mode::kWindow;
    if (planned.batch.rows > 0) runs += ", " + batch_text(planned.batch, window ? "windows" : "rows");
    if (window) {
      runs += fmt::format(", windows of {} of at most {:.0f} MiB", window_text(node.window),
                          static_cast<double>(planned.window_bytes) / kMib);
    }
    text += fmt::format("{:<14}   runs {}\n", "", runs);
    for (EdgeId e : planned.in) {
      const PlanEdge& edge = this->edge(e);
      if (edge.producer < 0) continue;
      text += fmt::format(
          "{:<14}   queue from '{}': {}\n", "", graph.spec_of(edge.producer).name,
          edge.hold
              ? fmt::format("holds an item, at most {:.0f} MiB", static_cast<double>(edge.queue_bytes) / kMib)
              : fmt::format("{} rows or {:.0f} MiB", edge.queue_rows, static_cast<double>(edge.queue_bytes) / kMib));
    }
  }
  text += "outputs        ";
  for (std::size_t i = 0; i < graph.outputs.size(); ++i) {
    const Column& column = graph.column(graph.outputs[i]);
    text += fmt::format("{}{}: {}", i > 0 ? ", " : "", graph.output_name(i),
                        (column.domain == 0 ? column.type : Type::list_of(column.type)).text());
  }
  return text + "\n";
}

}  // namespace pipit
