// Warnings before a graph runs: rows that are made for nothing.
#pragma once

#include "graph/graph.h"
#include "graph/scope.h"

namespace pipit {

/// Warns of nodes of which nothing is read. `faults` has the texts of the files.
void warn_of_unread(Graph& graph, const Scope& scope, Faults& faults);

/// Warns where an operator uses fewer rows of a window than are given for it, and drops the rest.
void warn_of_dropped_rows(Graph& graph, Faults& faults);

}  // namespace pipit
