#include "graph/description.h"

namespace pipit {
namespace {

/// "embed.vec"; the name alone of an input; a constant itself.
Value named(const Graph& graph, ColumnId column) {
  const Column& c = graph.column(column);
  if (const Value* constant = graph.constant_at(column)) return Value::map({{"value", *constant}});
  if (c.producer < 0) return c.name;
  return graph.spec_of(c.producer).name + "." + c.name;
}

Value named(const Graph& graph, const std::vector<ColumnId>& columns) {
  std::vector<Value> names;
  for (ColumnId column : columns) names.push_back(named(graph, column));
  return Value::list(std::move(names));
}

Value window_of(const Graph& graph, const GraphNode& node) {
  if (node.mode != Mode::kWindow) return {};
  std::vector<std::pair<std::string, Value>> entries;
  switch (node.window.kind) {
    case WindowSpec::Kind::kAll:
      if (node.facts.empty()) return "all";
      entries = {{"size", "all"}};
      break;
    case WindowSpec::Kind::kCount:
      entries = {{"size", node.window.size}, {"step", node.window.step}};
      break;
    case WindowSpec::Kind::kTime:
      entries = {{"seconds", node.window.seconds}, {"step", node.window.step_s}};
      break;
  }
  if (node.by) entries.emplace_back("by", named(graph, *node.by));
  const std::size_t first = node.outputs.size() - node.facts.size();
  for (std::size_t f = 0; f < node.facts.size(); ++f) {
    const Column& column = graph.column(node.outputs[first + f]);
    entries.emplace_back(window_fact_key(node.facts[f]), column.name);
  }
  return Value::map(std::move(entries));
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
  for (ColumnId column : node.outputs) outputs.emplace_back(graph.column(column).name);
  return Value::map({{"op", node.op.name},
                     {"version", node.op.note.version},
                     {"in", named(graph, node.inputs)},
                     {"window", window_of(graph, node)},
                     {"keep", named(graph, node.keep)},
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
  for (std::size_t i = 0; i < graph.outputs.size(); ++i) {
    // What comes out of a pipeline used as a node has a name of its own below.
    const Value column = named(graph, graph.outputs[i]);
    const bool renamed = graph.column(graph.outputs[i]).name != graph.output_name(i);
    outputs.push_back(renamed ? Value::map({{graph.output_name(i), column}}) : column);
  }
  return Value::map({{"inputs", Value::map(std::move(inputs))},
                     {"nodes", Value::map(std::move(nodes))},
                     {"outputs", Value::list(std::move(outputs))}});
}

}  // namespace pipit
