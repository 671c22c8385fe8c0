#include "description.h"

namespace pipit {
namespace {

/// "embed.vec"; the name alone for an input.
std::string full_name(const Graph& graph, int column) {
  const Column& c = graph.columns[static_cast<std::size_t>(column)];
  if (c.producer < 0) return c.name;
  return graph.spec.nodes[static_cast<std::size_t>(c.producer)].name + "." + c.name;
}

Value full_names(const Graph& graph, const std::vector<int>& columns) {
  std::vector<Value> names;
  for (int column : columns) names.emplace_back(full_name(graph, column));
  return Value::list(std::move(names));
}

Value files_of(const GraphNode& node) {
  std::vector<Value> files;
  for (const Argument& argument : node.op.signature.arguments) {
    const Value value = node.arguments.get(argument.name);
    if (argument.type.base == ArgumentType::Base::kPath && value.kind() == Kind::kString) files.push_back(value);
  }
  return Value::list(std::move(files));
}

Value describe(const Graph& graph, const GraphNode& node) {
  std::vector<Value> outputs;
  for (int column : node.outputs) outputs.emplace_back(graph.columns[static_cast<std::size_t>(column)].name);
  return Value::map({{"op", node.op.name},
                     {"version", node.op.note.version},
                     {"in", full_names(graph, node.inputs)},
                     {"keep", full_names(graph, node.keep)},
                     {"out", Value::list(std::move(outputs))},
                     {"args", node.arguments},
                     {"files", files_of(node)}});
}

}  // namespace

Value describe(const Graph& graph) {
  std::vector<std::pair<std::string, Value>> inputs;
  for (std::size_t i = 0; i < graph.spec.inputs.size(); ++i) {
    inputs.emplace_back(graph.columns[i].name, graph.columns[i].type.text());
  }
  std::vector<std::pair<std::string, Value>> nodes;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    nodes.emplace_back(graph.spec.nodes[i].name, describe(graph, graph.nodes[i]));
  }
  std::vector<Value> outputs;
  for (int column : graph.outputs) outputs.emplace_back(full_name(graph, column));
  return Value::map({{"inputs", Value::map(std::move(inputs))},
                     {"nodes", Value::map(std::move(nodes))},
                     {"outputs", Value::list(std::move(outputs))}});
}

}  // namespace pipit
