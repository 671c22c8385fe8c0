#include "graph/node_domains.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace pipit {
namespace {

class DomainChoice {
 public:
  DomainChoice(Graph& graph, GraphNode& node, const NodeSpec& spec, const FaultSink& fault)
      : graph_(graph), node_(node), spec_(spec), fault_(fault) {}

  bool choose() {
    sort_inputs();
    if (!find_rows_in()) return false;
    node_.domain_group = graph_.domains.enclosing(node_.domain_in);
    if (!check_repeated()) return false;
    choose_rows_out();
    return true;
  }

 private:
  void sort_inputs() {
    const std::vector<Port>& ports = node_.ports().inputs;
    for (std::size_t i = 0; i < ports.size(); ++i) {
      if (collects_ && ports[i].count == PortCount::kOne) {
        repeated_.emplace_back(i, node_.inputs[i]);
      } else {
        rows_.push_back(node_.inputs[i]);
      }
    }
    rows_.insert(rows_.end(), node_.keep.begin(), node_.keep.end());
    if (node_.by) rows_.push_back(*node_.by);
  }

  /// The rows that it works on: those of the deepest column, inside whose ancestors' rows the others' lie.
  bool find_rows_in() {
    if (std::ranges::any_of(rows_, [&](ColumnId column) { return domain_of(column) == kNoDomain; })) return false;
    deepest_ =
        *std::ranges::max_element(rows_, {}, [&](ColumnId column) { return graph_.domain(domain_of(column)).depth; });
    node_.domain_in = domain_of(deepest_);
    for (ColumnId column : rows_) {
      const DomainId domain = domain_of(column);
      if (!graph_.domains.inside(node_.domain_in, domain)) return refuse_siblings(column);
      if (collects_ && domain != node_.domain_in) {
        fault(fmt::format("a window takes columns of the same rows; {} has {}, {} has {}", graph_.column_text(deepest_),
                          rows_text(node_.domain_in), graph_.column_text(column), rows_text(domain)));
        return false;
      }
    }
    return true;
  }

  bool check_repeated() {
    for (const auto& [port, column] : repeated_) {
      const DomainId domain = domain_of(column);
      if (domain == kNoDomain) return false;
      if (graph_.domains.inside(node_.domain_group, domain)) continue;
      if (!graph_.domains.strictly_inside(domain, node_.domain_group)) return refuse_siblings(column);
      fault(fmt::format("input '{}' takes one value for all rows together, {} has {}", node_.ports().inputs[port].name,
                        graph_.column_text(column), rows_text(domain)));
      return false;
    }
    return true;
  }

  void choose_rows_out() {
    node_.domain_out = node_.domain_in;
    if (collects_) {
      const bool many = node_.mode == Mode::kWindow && node_.window.kind != WindowSpec::Kind::kAll;
      node_.domain_out = many ? graph_.domains.open(node_.domain_group, spec_.name, false) : node_.domain_group;
    } else if (node_.mode == Mode::kFlatMap || node_.mode == Mode::kFilter) {
      // An operator with a memory of earlier rows may emit at the end, when no row is at hand: what it gives are rows
      // of their own, beside those that it takes. A filter's rows and a stateless flat map's lie inside the rows that
      // they came from.
      const bool beside = node_.mode == Mode::kFlatMap && node_.op.signature.per_item;
      node_.domain_out =
          graph_.domains.open(beside ? node_.domain_group : node_.domain_in, spec_.name, node_.mode == Mode::kFilter);
    }
  }

  bool refuse_siblings(ColumnId column) {
    fault(fmt::format(
        "cannot join {} ({}) with {} ({}): neither's rows lie inside the other's; collect one of them first",
        graph_.column_text(column), rows_text(domain_of(column)), graph_.column_text(deepest_),
        rows_text(domain_of(deepest_))));
    return false;
  }

  std::string rows_text(DomainId domain) const {
    const Domain& d = graph_.domain(domain);
    return d.opened_by.empty() ? "one row an item" : fmt::format("the rows of '{}'", d.opened_by);
  }

  void fault(const std::string& message) const { fault_(spec_.part("in"), message); }
  DomainId domain_of(ColumnId column) const { return graph_.column(column).domain; }

  Graph& graph_;
  GraphNode& node_;
  const NodeSpec& spec_;
  const FaultSink& fault_;
  const bool collects_ = node_.mode == Mode::kWindow || node_.mode == Mode::kReduce;
  std::vector<ColumnId> rows_;                              // columns whose rows it works on
  std::vector<std::pair<std::size_t, ColumnId>> repeated_;  // beside a window: port and column of one value for it
  ColumnId deepest_ = 0;                                    // of `rows_`
};

}  // namespace

bool choose_domains(Graph& graph, GraphNode& node, const NodeSpec& spec, const FaultSink& fault) {
  return DomainChoice(graph, node, spec, fault).choose();
}

}  // namespace pipit
