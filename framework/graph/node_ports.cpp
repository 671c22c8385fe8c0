#include "graph/node_ports.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/near.h"
#include "spec/forms.h"

namespace pipit {
namespace {

/// Whole numbers serve where floats are wanted.
Value widened(Value value, const Type& type) {
  if (type.kind == Kind::kFloat && value.kind() == Kind::kInt) return value.number();
  if (type.kind != Kind::kList || value.kind() != Kind::kList || type.item == nullptr) return value;
  std::vector<Value> items;
  for (const Value& item : value.list()) items.push_back(widened(item, *type.item));
  return Value::list(std::move(items));
}

}  // namespace

ColumnId add_constant(Graph& graph, const InputRef& input, const Port& port, const FaultSink& fault) {
  if (input.told) return -1;
  const YamlNode& written = input.column;
  Value value = widened(to_value(written), port.type);
  if (input.unset.empty() && !port.type.holds(value)) {
    fault(written.at,
          fmt::format("input '{}' takes {}, the constant is {}", port.name, port.type.text(), type_of(value)));
    return -1;
  }
  const auto position = static_cast<int>(graph.spec.inputs.size() + graph.constants.size());
  const Type type = input.unset.empty() ? Type::parse(type_of(value)) : Type{};
  graph.columns.push_back({"constant", -1, position, type, 0});
  graph.constants.push_back(std::move(value));
  return static_cast<ColumnId>(graph.columns.size()) - 1;
}

bool assign_ports(Graph& graph, GraphNode& node, const NodeSpec& spec, const std::vector<ColumnId>& read,
                  const FaultSink& fault) {
  const std::vector<Port>& ports = node.ports().inputs;
  std::vector<std::string> names;
  for (const Port& port : ports) names.push_back(port.name);
  node.inputs.assign(ports.size(), -1);
  if (read.size() != ports.size()) {
    fault(spec.part("in"),
          fmt::format("operator '{}' takes {} ({}), 'in' gives {}", spec.op, counted_columns(ports.size()),
                      quoted_list(names), read.empty() ? "none" : std::to_string(read.size())));
    return false;
  }
  bool good = true;
  for (std::size_t i = 0; i < read.size(); ++i) {
    const InputRef& input = spec.in[i];
    std::size_t port = i;
    if (!input.port.empty()) {
      port = static_cast<std::size_t>(std::ranges::find(names, input.port) - names.begin());
      if (port == names.size()) {
        fault(input.at, fmt::format("operator '{}' has no input '{}'{}", spec.op, input.port,
                                    instead(input.port, names, "it has")));
        good = false;
        continue;
      }
    }
    const ColumnId index = input.constant ? add_constant(graph, input, ports[port], fault) : read[i];
    node.inputs[port] = index;
    if (index < 0) {
      good = false;
    } else if (const Column& column = graph.column(index); !ports[port].type.accepts(column.type)) {
      fault(input.column.at, fmt::format("input '{}' takes {}, {} gives {}", ports[port].name, ports[port].type.text(),
                                         graph.column_text(index), column.type.text()));
      good = false;
    }
  }
  return good;
}

}  // namespace pipit
