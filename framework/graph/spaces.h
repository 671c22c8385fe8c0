// Which space a column's vectors lie in.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace pipit {

struct ColumnSpace {
  std::string name;            // empty: there are no vectors above the column
  std::int64_t dimension = 0;  // of the vectors, as the type of the column with the name says; 0: it does not
};

/// The space of a column's vectors: that of the nearest nodes above it that have one. What lies between (what makes
/// vectors 1 long, say) leaves the space as it is. Of several spaces the names in alphabetical order, joined by " + ".
/// `own`: of each node, in the file's order, empty: it has none.
ColumnSpace space_of(const Graph& graph, ColumnId column, const std::vector<std::string>& own);

}  // namespace pipit
