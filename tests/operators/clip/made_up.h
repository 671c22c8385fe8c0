// The same numbers as data/made_up.py computes, to the bit, and checkpoints made of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace made_up {

/// MurmurHash3's finalizer over the position and the name's CRC-32.
std::vector<std::uint32_t> noise(std::string_view name, std::int64_t size);

std::vector<float> weights(std::string_view name, const std::vector<std::int64_t>& shape);

/// uint8 RGB [frames, resolution, resolution, 3].
std::vector<std::uint8_t> pictures(std::string_view name, std::int64_t frames, std::int64_t resolution);

/// Writes a safetensors file of made-up weights under their names; `dtype` is F32 or F16. With `bits`, 8 or 4, the
/// linear weights of the blocks are quantized (see weights::Quantization).
void write_checkpoint(const std::filesystem::path& file, const std::map<std::string, std::vector<std::int64_t>>& shapes,
                      const std::string& dtype, int bits = 0);

}  // namespace made_up
