// A plan as a picture.
#pragma once

#include <string>

#include "plan/plan.h"

namespace pipit {

/// In Graphviz's language: a box a node, an arrow an edge with its columns, a frame around the nodes whose rows are
/// those that one node opens; a dashed arrow holds a whole item.
std::string dot(const Plan& plan);

}  // namespace pipit
