// Nodes that must hold a whole group of rows, since what they join them with comes only when all of them have passed.
#pragma once

#include "graph/graph.h"

namespace pipit {

/// Fills in GraphNode::held of every node. A node that holds without saying how much memory it may take for it, or says
/// so where nothing is held, is a fault.
void find_holds(Graph& graph, Faults& faults);

}  // namespace pipit
