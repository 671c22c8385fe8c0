// A pipeline with its names resolved: operators found, ports and row domains typed, arguments bound. Nothing runs yet.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "graph/domains.h"
#include "module/operator_path.h"
#include "pipit/value.h"
#include "spec/spec.h"

namespace pipit {

/// How an operator's rows come out; follows from its ports.
enum class Mode { kMap, kFlatMap, kFilter, kWindow, kReduce };
std::string_view mode_name(Mode mode);

using NodeId = int;    // in the order of the file; -1: the pipeline's inputs
using ColumnId = int;  // in the order of writing; -1: none

/// A named stream of values: an input, or an output port of a node. A name may be written again; each writing is a
/// column.
struct Column {
  std::string name;
  NodeId producer = -1;  // -1: an input of the pipeline, or a constant
  int port = 0;          // of the producer; or the position among the inputs, which the constants follow
  Type type;
  DomainId domain = kItemDomain;
};

struct GraphNode {
  OperatorDescription op;
  int variant = 0;
  Mode mode = Mode::kMap;
  std::vector<ColumnId> inputs;      // in port order
  std::vector<ColumnId> keep;        // that a filter keeps
  std::optional<ColumnId> by;        // of windows by time: the column of times
  std::vector<ColumnId> outputs;     // in port order; a filter's in the order of `keep`; then those of `facts`
  std::vector<WindowFact> facts;     // of each window, in columns of their own
  DomainId domain_in = kItemDomain;  // of the rows that it works on (of a window: the rows inside)
  DomainId domain_out = kItemDomain;
  DomainId domain_group = kItemDomain;  // for one row of it rows are collected; and one per_item instance works
  WindowSpec window;                    // of a window
  Value arguments;                      // a map: every argument, checked, defaults filled in
  bool good = true;                     // false while building: it is at fault, and nothing about its rows is known
  /// Columns whose rows must all wait here for another input -> the domain for whose one row.
  std::map<ColumnId, DomainId> held;

  const Variant& ports() const { return op.signature.variants[static_cast<std::size_t>(variant)]; }
};

struct Graph {
  Spec spec;
  Domains domains;
  std::vector<Column> columns;
  std::vector<Value> constants;  // written in the place of inputs
  std::vector<GraphNode> nodes;  // in the file's order, which is an order to run in
  std::vector<ColumnId> outputs;
  std::vector<std::string> warnings;

  /// Finds faults of a kind that the caller knows of, in a graph whose nodes may be at fault themselves.
  using Check = std::function<void(const Graph& graph, Faults& faults)>;

  /// Throws pipit::Error (`invalid_pipeline`) with every fault of the file: those of a draft, those of the graph and
  /// those that `check` finds. Faults that follow from another one are left out.
  static Graph build(Spec spec, const OperatorPath& path, const Check& check = {});

  const GraphNode& node(NodeId id) const { return nodes[static_cast<std::size_t>(id)]; }
  GraphNode& node(NodeId id) { return nodes[static_cast<std::size_t>(id)]; }
  const NodeSpec& spec_of(NodeId id) const { return spec.nodes[static_cast<std::size_t>(id)]; }
  const Column& column(ColumnId id) const { return columns[static_cast<std::size_t>(id)]; }
  Column& column(ColumnId id) { return columns[static_cast<std::size_t>(id)]; }
  const Domain& domain(DomainId id) const { return domains[id]; }

  /// The columns that a node reads: its inputs, then those that a filter keeps, then the times of its rows.
  std::vector<ColumnId> read_by(const GraphNode& node) const;
  /// "'embed.vec'", or "'path'" for an input: a column for messages.
  std::string column_text(ColumnId id) const;
  /// The value of a column that is a constant, else null.
  const Value* constant_at(ColumnId id) const;
  /// The file's name of an output; its column may have another name below.
  const std::string& output_name(std::size_t output) const { return spec.outputs[output].text; }
};

}  // namespace pipit
