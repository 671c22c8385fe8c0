#include "graph/spaces.h"

#include <algorithm>
#include <map>
#include <set>

namespace pipit {
namespace {

/// 0: the type does not tell.
std::int64_t dimension_of(const Type& type) {
  if (!type.shape || type.shape->size() != 1) return 0;
  return std::max<std::int64_t>(type.shape->front(), 0);
}

/// Walks up from a column, over each column once.
class Walk {
 public:
  Walk(const Graph& graph, const std::vector<std::string>& own) : graph_(graph), own_(own) {}

  void visit(ColumnId id) {
    const Column& column = graph_.column(id);
    if (column.producer < 0 || !seen_.insert(id).second) return;
    const GraphNode& node = graph_.node(column.producer);
    const auto port = static_cast<std::size_t>(column.port);
    if (node.mode == Mode::kFilter) return visit(node.keep[port]);
    // The facts of a window are not vectors.
    if (port + node.facts.size() >= node.outputs.size()) return;
    const std::string& own = own_[static_cast<std::size_t>(column.producer)];
    if (!own.empty()) {
      spaces_[own] = dimension_of(column.type);
      return;
    }
    for (const ColumnId input : node.inputs) visit(input);
  }

  ColumnSpace found() const {
    ColumnSpace all;
    for (const auto& [name, dimension] : spaces_) {
      all.name += (all.name.empty() ? "" : " + ") + name;
      if (spaces_.size() == 1) all.dimension = dimension;
    }
    return all;
  }

 private:
  const Graph& graph_;
  const std::vector<std::string>& own_;
  std::set<ColumnId> seen_;
  std::map<std::string, std::int64_t> spaces_;  // with their dimensions
};

}  // namespace

ColumnSpace space_of(const Graph& graph, ColumnId column, const std::vector<std::string>& own) {
  Walk walk(graph, own);
  walk.visit(column);
  return walk.found();
}

}  // namespace pipit
