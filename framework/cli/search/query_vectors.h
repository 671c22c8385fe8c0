// Queries that are vectors already.
#pragma once

#include <string>
#include <vector>

#include "index/index.h"
#include "search/query.h"

namespace pipit::cli {

/// Of results of pipit run, .jsonl or .npy. Throws pipit::Error; `invalid_input` when they are of another space than
/// the index's.
std::vector<Query> queries_of_vectors(const std::string& file, const Index& index);

}  // namespace pipit::cli
