#include "graph/row_warnings.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace pipit {
namespace {

void warn(Graph& graph, Faults& faults, const NodeSpec& spec, std::string_view key, std::string_view message) {
  faults.enter(spec.place);
  graph.warnings.push_back(faults.told(spec.part(key), fmt::format("node '{}': {}", spec.name, message)));
}

/// The argument of a role and its value, where it is known to be an int.
std::pair<const Argument*, std::int64_t> number_of(const GraphNode& node, ArgumentRole role) {
  for (const Argument& argument : node.op.signature.arguments) {
    if (argument.role != role) continue;
    const Value value = node.arguments.get(argument.name);
    if (value.kind() == Kind::kInt) return {&argument, value.integer()};
  }
  return {nullptr, 0};
}

}  // namespace

void warn_of_unread(Graph& graph, const Scope& scope, Faults& faults) {
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const GraphNode& node = graph.nodes[i];
    const bool used = node.outputs.empty() ||
                      std::ranges::any_of(node.outputs, [&](ColumnId column) { return scope.is_read(column); });
    if (!used) warn(graph, faults, graph.spec.nodes[i], "out", "nothing reads what it gives");
  }
}

void warn_of_dropped_rows(Graph& graph, Faults& faults) {
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const auto [limit, most] = number_of(graph.nodes[i], ArgumentRole::kRowsUsed);
    if (limit == nullptr) continue;
    for (ColumnId input : graph.nodes[i].inputs) {
      const NodeId producer = graph.column(input).producer;
      if (producer < 0) continue;
      const auto [amount, rows] = number_of(graph.node(producer), ArgumentRole::kRowsGiven);
      if (amount == nullptr || rows <= most) continue;
      warn(graph, faults, graph.spec.nodes[i], "in",
           fmt::format("takes at most {} rows ('{}'), '{}' gives {} ('{}'); the rest are dropped", most, limit->name,
                       graph.spec_of(producer).name, rows, amount->name));
    }
  }
}

}  // namespace pipit
