#include "plan/pushdown.h"

#include <algorithm>
#include <optional>

namespace pipit {
namespace {

bool is_default(const Argument& argument, const Value& value) {
  const std::string text = argument.default_text.value_or("");
  return value.is_null() ? text == "null" : value.kind() == Kind::kString && value.string() == text;
}

/// Whether a node does this kind of work, is not asked for any yet, and could be asked for this one.
bool can_stand_in(const GraphNode& node, const StandIn& asked) {
  const OperatorSignature& signature = node.op.signature;
  if (std::ranges::find(signature.performs, asked.work) == signature.performs.end()) return false;
  return std::ranges::all_of(asked.settings, [&](const StandIn::Setting& setting) {
    const Argument* argument = signature.find_argument(setting.argument);
    if (argument == nullptr || !is_default(*argument, node.arguments.get(setting.argument))) return false;
    const auto& choices = argument->type.choices;
    return setting.from_argument || choices.empty() || std::ranges::find(choices, setting.value) != choices.end();
  });
}

bool is_read(const Graph& graph, ColumnId column, const GraphNode& except) {
  const auto reads = [&](const std::vector<ColumnId>& columns) {
    return std::ranges::find(columns, column) != columns.end();
  };
  if (reads(graph.outputs)) return true;
  return std::ranges::any_of(graph.nodes, [&](const GraphNode& node) {
    const bool by = node.by && *node.by == column;
    return &node != &except && (reads(node.inputs) || reads(node.keep) || by);
  });
}

/// A setting's value; null where `check` does not know it.
Value value_of(const StandIn::Setting& setting, const GraphNode& from) {
  return setting.from_argument ? from.arguments.get(setting.value) : Value(setting.value);
}

Value with_settings(const Value& arguments, const StandIn& asked, const GraphNode& from) {
  std::vector<std::pair<std::string, Value>> entries;
  for (std::size_t i = 0; i < arguments.map_size(); ++i) {
    auto [name, value] = arguments.map_at(i);
    const auto setting = std::ranges::find(asked.settings, name, &StandIn::Setting::argument);
    if (setting != asked.settings.end()) value = value_of(*setting, from);
    entries.emplace_back(name, std::move(value));
  }
  return Value::map(std::move(entries));
}

/// The node before, if it can do this one's work.
std::optional<std::size_t> stand_in_of(const Graph& graph, const GraphNode& node) {
  const StandIn& asked = node.op.signature.stands_for;
  if (asked.work.empty() || node.inputs.size() != 1 || node.outputs.size() != 1) return std::nullopt;
  const auto unknown = [&](const StandIn::Setting& setting) { return value_of(setting, node).is_null(); };
  if (std::ranges::any_of(asked.settings, unknown)) return std::nullopt;
  const ColumnId rows = node.inputs[0];
  const NodeId producer = graph.column(rows).producer;
  if (producer < 0) return std::nullopt;
  const GraphNode& before = graph.node(producer);
  if (!can_stand_in(before, asked) || before.outputs.size() != 1 || is_read(graph, rows, node)) return std::nullopt;
  return static_cast<std::size_t>(producer);
}

void remove_node(Graph& graph, std::size_t at) {
  graph.nodes.erase(graph.nodes.begin() + static_cast<std::ptrdiff_t>(at));
  graph.spec.nodes.erase(graph.spec.nodes.begin() + static_cast<std::ptrdiff_t>(at));
  for (Column& column : graph.columns) {
    if (column.producer > static_cast<NodeId>(at)) --column.producer;
  }
}

}  // namespace

std::vector<PushedDown> push_down(Graph& graph) {
  std::vector<PushedDown> moved;
  for (std::size_t i = 0; i < graph.nodes.size();) {
    const GraphNode& node = graph.nodes[i];
    const auto before = stand_in_of(graph, node);
    if (!before) {
      ++i;
      continue;
    }
    GraphNode& into = graph.nodes[*before];
    into.arguments = with_settings(into.arguments, node.op.signature.stands_for, node);
    into.outputs = node.outputs;
    into.domain_out = node.domain_out;
    graph.column(node.outputs[0]).producer = static_cast<NodeId>(*before);
    moved.push_back({graph.spec.nodes[i].name, graph.spec.nodes[*before].name});
    remove_node(graph, i);
  }
  return moved;
}

}  // namespace pipit
