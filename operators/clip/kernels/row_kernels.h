// Arithmetic on rows of numbers, vectorized for whatever the processor has.
#pragma once

#include <cstdint>

#include "clip/api.h"

namespace pipit::clip {

/// What the codes of a row mean: value = offset + code * scale.
struct RowScale {
  float scale = 0;
  float offset = 0;
};

/// Codes 0..`levels` from the row's smallest number to its greatest; `levels` is at most 255. A row with a number that
/// is not finite gets a scale that is none, so that no result of it can pass for one.
PIPIT_CLIP_API RowScale quantize_row(const float* row, std::int64_t size, int levels, std::uint8_t* codes);

/// row[j] = row[j] * from.scale + from.offset * sums[j] + bias[j]: the product of a row of values from that of its
/// codes, where `sums` are those of the weights over their inputs.
void rescale_row(float* row, std::int64_t size, RowScale from, const float* sums, const float* bias);

/// The same, then x·σ(x).
void rescale_row_silu(float* row, std::int64_t size, RowScale from, const float* sums, const float* bias);

/// row[j] = added[j] + scale * row[j].
void add_scaled_row(const float* added, float scale, std::int64_t size, float* row);

}  // namespace pipit::clip
