// What nodes did, as a value that has a JSON form.
#pragma once

#include <vector>

#include "pipit/pipeline.h"

namespace pipit {

/// A list with a map for each node: every field of NodeStats under its name.
Value stats_value(const std::vector<NodeStats>& nodes);

}  // namespace pipit
