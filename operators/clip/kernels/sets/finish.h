// The end of a product: see ProductEnd.
#pragma once

#include "clip/kernels/product_end.h"
#include "clip/kernels/sets/vectors.h"

namespace pipit::clip {
namespace {

template <Then kThen>
PIPIT_INLINE Vector passed(Vector sum) {
  if constexpr (kThen == Then::kSilu) return silu(sum);
  if constexpr (kThen == Then::kGelu) return gelu(sum);
  return sum;
}

/// Whole vectors of a row. `bias` and `residual` may be null.
template <Then kThen>
void finish_vectors(const float* sums, std::int64_t columns, const float* bias, const float* residual, float scale,
                    float* y) {
  if (residual == nullptr) {
    for (std::int64_t n = 0; n < columns; n += kLanes) {
      store(y + n, passed<kThen>(bias != nullptr ? load(sums + n) + load(bias + n) : load(sums + n)));
    }
  } else {
    for (std::int64_t n = 0; n < columns; n += kLanes) {
      const Vector sum = passed<kThen>(bias != nullptr ? load(sums + n) + load(bias + n) : load(sums + n));
      store(y + n, load(residual + n) + sum * scale);
    }
  }
}

PIPIT_INLINE void finish_vectors(const ProductEnd& end, const float* sums, std::int64_t columns, const float* bias,
                                 const float* residual, float* y) {
  switch (end.then) {
    case Then::kNothing:
      return finish_vectors<Then::kNothing>(sums, columns, bias, residual, end.scale, y);
    case Then::kSilu:
      return finish_vectors<Then::kSilu>(sums, columns, bias, residual, end.scale, y);
    case Then::kGelu:
      return finish_vectors<Then::kGelu>(sums, columns, bias, residual, end.scale, y);
  }
}

/// One row's sums, any number of them, from column `start` on.
void finish(const ProductEnd& end, std::int64_t row, std::int64_t start, std::int64_t columns, const float* sums) {
  const std::int64_t whole = columns / kLanes * kLanes;
  const std::int64_t at = row * end.columns + start;
  const float* const bias = end.bias != nullptr ? end.bias + start : nullptr;
  const float* const residual = end.residual != nullptr ? end.residual + at : nullptr;
  finish_vectors(end, sums, whole, bias, residual, end.y + at);
  if (whole == columns) return;
  // What is left goes through memory that has room for a vector.
  float numbers[3][kLanes] = {};
  for (std::int64_t n = 0; n < columns - whole; ++n) {
    numbers[0][n] = sums[whole + n];
    if (bias != nullptr) numbers[1][n] = bias[whole + n];
    if (residual != nullptr) numbers[2][n] = residual[whole + n];
  }
  finish_vectors(end, numbers[0], kLanes, bias != nullptr ? numbers[1] : nullptr,
                 residual != nullptr ? numbers[2] : nullptr, numbers[0]);
  for (std::int64_t n = 0; n < columns - whole; ++n) end.y[at + whole + n] = numbers[0][n];
}

}  // namespace
}  // namespace pipit::clip
