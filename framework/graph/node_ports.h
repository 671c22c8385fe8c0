// The columns that go into an operator's input ports.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace pipit {

/// Adds a value written in the place of a column: one row an item, as the pipeline's inputs. -1: it does not fit the
/// port, for which `fault` is called unless it was reported before.
ColumnId add_constant(Graph& graph, const InputRef& input, const Port& port, const FaultSink& fault);

/// Fills in the inputs of a node. `read`: the column of each of its spec's inputs; -1 for a constant, and for one that
/// is not there. False: something is wrong, for which `fault` is called unless it was reported before.
bool assign_ports(Graph& graph, GraphNode& node, const NodeSpec& spec, const std::vector<ColumnId>& read,
                  const FaultSink& fault);

}  // namespace pipit
