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

/// Gives a node's work to the node before it and removes the node. The operator's signature must say which arguments
/// stand for its work (`stands_for`), and the node before must perform such work and be read by nobody else. The
/// results are the same; a decoder that is asked for some frames converts no others, and where that is exact decodes no
/// others.
std::vector<PushedDown> push_down(Graph& graph);

}  // namespace pipit
