// A graph in the form that people and programs read: what was opened, after all substitutions.
#pragma once

#include "graph/graph.h"

namespace pipit {

/// A map: `inputs` (name: type), `nodes` (by name: op, version, in, window, keep, out, args, and under `files` the
/// paths among the arguments) and `outputs`. Two graphs with equal descriptions compute the same from the same files.
Value describe(const Graph& graph);

}  // namespace pipit
