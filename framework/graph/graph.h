// A pipeline with its names resolved: operators found, ports and row domains typed, arguments bound. Nothing runs yet.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "module/operator_module.h"
#include "pipit/value.h"
#include "spec/spec.h"

namespace pipit {

/// How an operator's rows come out; follows from its ports.
enum class Mode { kMap, kFlatMap, kFilter, kWindow, kReduce };
std::string_view mode_name(Mode mode);

/// A set of rows. Domain 0 is the item itself: one row. A child domain has any number of rows for each row of its
/// parent.
struct Domain {
  int parent = -1;
  int depth = 0;
  std::string opened_by;   // the node; empty for the item
  bool selection = false;  // opened by a filter: some of its parent's rows
};

/// A named stream of values: an input, or an output port of a node. A name may be written again; each writing is a
/// column.
struct Column {
  std::string name;
  int producer = -1;  // node; -1: an input of the pipeline, or a constant
  int port = 0;       // of the producer; or the position among the inputs, which the constants follow
  Type type;
  int domain = 0;
};

struct GraphNode {
  OperatorDescription op;
  int variant = 0;
  Mode mode = Mode::kMap;
  std::vector<int> inputs;        // columns, in port order
  std::vector<int> keep;          // a filter's kept columns
  std::optional<int> by;          // of windows by time: the column of times
  std::vector<int> outputs;       // columns, in port order; a filter's in the order of `keep`; then those of `facts`
  std::vector<WindowFact> facts;  // of each window, in columns of their own
  int domain_in = 0;              // of the rows that it works on (of a window: the rows inside)
  int domain_out = 0;
  int domain_group = 0;     // for one row of it rows are collected; and one instance of a per_item operator works
  WindowSpec window;        // of a window
  Value arguments;          // a map: every argument, checked, defaults filled in
  bool good = true;         // false while building: it is at fault, and nothing about its rows is known
  std::map<int, int> held;  // columns whose rows must all wait here for another input -> the domain for whose one row

  const Variant& ports() const { return op.signature.variants[static_cast<std::size_t>(variant)]; }
};

struct Graph {
  Spec spec;
  std::vector<Domain> domains;
  std::vector<Column> columns;
  std::vector<Value> constants;  // written in the place of inputs
  std::vector<GraphNode> nodes;  // in the file's order, which is an order to run in
  std::vector<int> outputs;      // columns
  std::vector<std::string> warnings;

  /// Finds faults of a kind that the caller knows of, in a graph whose nodes may be at fault themselves.
  using Check = std::function<void(const Graph& graph, Faults& faults)>;

  /// Throws pipit::Error (`invalid_pipeline`) with every fault of the file: those of a draft, those of the graph and
  /// those that `check` finds. Nothing is told that follows from another fault.
  static Graph build(Spec spec, const OperatorPath& path, const Check& check = {});

  /// The columns that a node reads: its inputs, then those that a filter keeps, then the times of its rows.
  std::vector<int> read_by(const GraphNode& node) const;
  /// "'embed.vec'", or "'path'" for an input: a column for messages.
  std::string column_text(int column) const;
  /// The value of a column that is a constant, else null.
  const Value* constant_at(int column) const;
  /// What the file calls an output; its column may have another name below.
  const std::string& output_name(std::size_t output) const { return spec.outputs[output].text; }
  /// True when `domain` is `ancestor` or lies inside it.
  bool inside(int domain, int ancestor) const;
  bool strictly_inside(int domain, int ancestor) const { return domain != ancestor && inside(domain, ancestor); }
};

}  // namespace pipit
