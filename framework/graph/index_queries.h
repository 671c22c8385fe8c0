// The pipelines that give queries' vectors for an index: do they fit?
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"

namespace pipit {

/// Reads the pipelines that the file's `index` names, with the file's vars, and gathers what is wrong: each must have
/// one input that takes what is asked with, and give one vector. Gives their warnings.
std::vector<std::string> check_index_queries(const Graph& graph, const OperatorPath& path, Faults& faults);

}  // namespace pipit
