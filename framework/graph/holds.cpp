#include "graph/holds.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace pipit {
namespace {

class HoldFinder {
 public:
  HoldFinder(Graph& graph, Faults& faults) : graph_(graph), faults_(faults) {}

  /// A node that joins rows with something that comes only when all of the same rows have passed can start only then:
  /// the rows wait in its queue, which must hold all of them. Blocking there would stop what it waits for.
  void find() {
    std::vector<Waits> late(graph_.columns.size());
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      GraphNode& node = graph_.nodes[i];
      spec_ = &graph_.spec.nodes[i];
      faults_.enter(spec_->place);
      if (!node.good) continue;
      const Waits waits = waits_of(node, late);
      for (const auto& [border, wait] : waits) {
        for (ColumnId column : graph_.read_by(node)) {
          if (!graph_.domains.strictly_inside(graph_.column(column).domain, border) || node.held.contains(column))
            continue;
          std::set<NodeId> blocked;
          collect_blocked(column, border, blocked);
          if (std::ranges::any_of(wait.finished, [&](NodeId n) { return blocked.contains(n); })) {
            hold(node, column, border, wait);
          }
        }
      }
      if (node.held.empty() && spec_->hold_mib > 0)
        fault(spec_->part("hold"), "'hold' is not needed here: nothing waits for a whole item");
      for (ColumnId column : node.outputs) {
        for (const auto& [border, wait] : waits) {
          if (graph_.domains.strictly_inside(node.domain_out, border))
            late[static_cast<std::size_t>(column)].emplace(border, wait);
        }
      }
    }
  }

 private:
  /// Nodes that must have finished one row of an outer domain before something inside that row can come.
  struct Wait {
    ColumnId column = 0;  // that makes it wait, for the message
    std::set<NodeId> finished;
  };
  using Waits = std::map<DomainId, Wait>;  // by the outer domain

  void hold(GraphNode& node, ColumnId column, DomainId border, const Wait& wait) {
    if (node.held.empty() && spec_->hold_mib == 0) {
      fault(
          spec_->part("in"),
          fmt::format("joins {} with {}, which comes only when all of the same rows have passed: they must wait here; "
                      "say how much memory they may take, 'hold: {{mib: 256}}'",
                      graph_.column_text(column), graph_.column_text(wait.column)));
    }
    node.held.emplace(column, border);  // the waits are ordered by domain: outer ones first
  }

  /// What a node waits for before it takes its first row inside a row of an outer domain.
  Waits waits_of(const GraphNode& node, const std::vector<Waits>& late) const {
    Waits waits;
    const auto add = [&](DomainId border, ColumnId column, const std::set<NodeId>& nodes) {
      if (!nodes.empty())
        waits.try_emplace(border, Wait{column, {}}).first->second.finished.insert(nodes.begin(), nodes.end());
    };
    for (ColumnId column : graph_.read_by(node)) {
      for (const auto& [border, wait] : late[static_cast<std::size_t>(column)]) add(border, column, wait.finished);
      const DomainId domain = graph_.column(column).domain;
      // A column beside a window is needed at the window's end only.
      const bool at_end = node.mode == Mode::kWindow && domain == node.domain_out;
      if (at_end || !graph_.domains.strictly_inside(node.domain_in, domain)) continue;
      std::set<NodeId> upstream;
      collect_upstream(column, upstream);
      std::erase_if(upstream,
                    [&](NodeId n) { return !graph_.domains.strictly_inside(graph_.node(n).domain_out, domain); });
      add(domain, column, upstream);
    }
    return waits;
  }

  /// Every node that a column derives from.
  void collect_upstream(ColumnId column, std::set<NodeId>& nodes) const {
    const NodeId producer = graph_.column(column).producer;
    if (producer < 0 || !nodes.insert(producer).second) return;
    for (ColumnId input : graph_.read_by(graph_.node(producer))) collect_upstream(input, nodes);
  }

  /// The nodes that come to a halt within one row of `border` when a column's rows are not taken.
  void collect_blocked(ColumnId column, DomainId border, std::set<NodeId>& nodes) const {
    if (!graph_.domains.strictly_inside(graph_.column(column).domain, border) ||
        !nodes.insert(graph_.column(column).producer).second)
      return;
    const GraphNode& node = graph_.node(graph_.column(column).producer);
    for (ColumnId input : graph_.read_by(node)) {
      const auto held = node.held.find(input);
      if (held == node.held.end() || graph_.domain(held->second).depth > graph_.domain(border).depth)
        collect_blocked(input, border, nodes);
    }
  }

  void fault(SourcePlace at, const std::string& message) {
    faults_.add(at, fmt::format("node '{}': {}", spec_->name, message));
  }

  Graph& graph_;
  Faults& faults_;
  const NodeSpec* spec_ = nullptr;  // of the node at work
};

}  // namespace

void find_holds(Graph& graph, Faults& faults) {
  HoldFinder(graph, faults).find();
}

}  // namespace pipit
