// The rows that a node works on, and those that it makes.
#pragma once

#include "graph/graph.h"

namespace pipit {

/// Fills in the domains of a node whose mode, inputs and kept columns are known, and opens one where its rows are new.
/// False: something is wrong, for which `fault` is called unless it follows from another fault.
bool choose_domains(Graph& graph, GraphNode& node, const NodeSpec& spec, const FaultSink& fault);

}  // namespace pipit
