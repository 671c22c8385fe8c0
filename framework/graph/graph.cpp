#include "graph/graph.h"

#include <fmt/format.h>

namespace pipit {

std::string_view mode_name(Mode mode) {
  constexpr std::string_view kNames[] = {"map", "flat map", "filter", "window", "reduce"};
  return kNames[static_cast<int>(mode)];
}

std::vector<ColumnId> Graph::read_by(const GraphNode& node) const {
  std::vector<ColumnId> read = node.inputs;
  read.insert(read.end(), node.keep.begin(), node.keep.end());
  if (node.by) read.push_back(*node.by);
  return read;
}

const Value* Graph::constant_at(ColumnId id) const {
  const Column& c = column(id);
  const auto position = static_cast<std::size_t>(c.port);
  return c.producer < 0 && position >= spec.inputs.size() ? &constants[position - spec.inputs.size()] : nullptr;
}

std::string Graph::column_text(ColumnId id) const {
  const Column& c = column(id);
  if (constant_at(id) != nullptr) return "the constant";
  if (c.producer < 0) return fmt::format("'{}'", c.name);
  return fmt::format("'{}.{}'", spec_of(c.producer).name, c.name);
}

}  // namespace pipit
