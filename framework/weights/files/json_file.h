// Small JSON files beside the weights.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

namespace pipit::weights {

/// The object in a file of at most 1 MiB. Throws Fault, as a sentence about the weights that it lies beside.
nlohmann::json read_json_object(const std::filesystem::path& path);

}  // namespace pipit::weights
