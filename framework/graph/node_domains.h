// The rows that a node works on, and those that it makes.
#pragma once

#include <functional>
#include <string>

#include "graph/graph.h"

namespace pipit {

/// Fills in the domains of a node whose mode, inputs and kept columns are known, and opens one where its rows are new.
/// False: something is wrong, which `fault` is told unless it follows from another fault. `name`: the node's.
bool choose_domains(Graph& graph, GraphNode& node, const std::string& name,
                    const std::function<void(const std::string& message)>& fault);

}  // namespace pipit
