// How a file says that its linear weights are quantised.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "pipit/weights/quantization.h"

namespace pipit::weights {

/// The metadata's key.
inline constexpr const char* kQuantizationKey = "pipit.quantization";

/// What the metadata says; empty where it says nothing. Throws Fault for what is none of pipit's quantisations.
std::optional<Quantization> read_quantization(const std::map<std::string, std::string>& metadata);

/// {"bits":8} or {"bits":4,"group":64}
std::string describe(const Quantization& quantization);

}  // namespace pipit::weights
