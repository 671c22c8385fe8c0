// Moves a node's work into the node before it, as a database pushes a filter into a scan.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"

namespace pipit {

/// A node whose work now happens inside the one before it.
struct PushedDown {
  std::string moved;  // node
  std::string into;   // node
};

/// Where an operator's signature says which arguments stand for its work (`stands_for`), and the node before performs
/// such work and is read by nobody else, gives it those arguments and removes the node. The results are the same; a
/// decoder that is asked for some frames converts, and where that is exact decodes, no others.
std::vector<PushedDown> push_down(Graph& graph);

}  // namespace pipit
