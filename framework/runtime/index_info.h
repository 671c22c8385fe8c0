// What a pipeline file says of an index, as hosts are told it.
#pragma once

#include <optional>

#include "pipit/pipeline.h"
#include "spec/spec.h"

namespace pipit {

/// Reads the queries' files for the names of their vars. Throws pipit::Error.
std::optional<IndexInfo> index_of(const Spec& spec);

}  // namespace pipit
