// A pipeline used as a node: its nodes take the node's place.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "spec.h"

namespace pipit {

/// Notes that `file` is being read below the files of `within`. Throws pipit::Error (`invalid_argument`) when it is
/// already one of them, or when they are too many.
void enter_file(std::vector<std::filesystem::path>& within, const std::filesystem::path& file);

/// Gives the nodes of `inner` names of their own ("embed.decode") and connects its inputs and outputs with the columns
/// that `node` reads and writes. Returns what is wrong, or nothing. `nodes_so_far` of the file above.
std::string connect_below(Spec& inner, const NodeSpec& node, std::size_t nodes_so_far);

}  // namespace pipit
