#include <fmt/format.h>

#include "plan/plan.h"

namespace pipit {
namespace {

std::string batch_text(const PlanBatch& batch, std::string_view what) {
  std::string text = fmt::format("up to {} {} a call", batch.rows, what);
  if (batch.across_items) text += ", of several items";
  if (batch.wait.count() > 0)
    text += fmt::format(", waiting {} ms for them", static_cast<double>(batch.wait.count()) / 1000);
  return text;
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
    if (graph.spec.nodes[i].isolate)
      runs += planned.replicas == 1 ? ", in a process of its own" : ", each in a process of its own";
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
