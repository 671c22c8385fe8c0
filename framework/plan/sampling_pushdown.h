// Moves a sampling node into the decoder before it, as a database pushes a filter into a scan.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"

namespace pipit {

/// A sampling node that now happens inside its decoder.
struct PushedDown {
  std::string sampler;  // node
  std::string decoder;  // node
};

/// Where a `video_sample.*` node stands straight after a `video_decode.*` node whose frames nobody else reads, gives
/// its arguments to the decoder and removes it from the graph. The frames are the same; those that nobody wants are
/// then neither converted nor, where that is exact, decoded.
std::vector<PushedDown> push_samplers_down(Graph& graph);

}  // namespace pipit
