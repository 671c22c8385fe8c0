// How a node's rows come out, and which windows it takes.
#pragma once

#include <functional>

#include "graph/graph.h"

namespace pipit {

/// Fills in mode, window, window facts and the column of times of a node whose inputs and kept columns are known.
/// `read`: the column of a name, or -1 after having reported why there is none. False: something is wrong, for which
/// `fault` is called.
bool choose_mode(const Graph& graph, GraphNode& node, const NodeSpec& spec,
                 const std::function<ColumnId(const YamlNode& name)>& read, const FaultSink& fault);

}  // namespace pipit
