// What is done to rows between products. Needs PIPIT_LEVELS, the greatest code of a row.
#pragma once

#include "clip/kernels/kernel_set.h"
#include "clip/kernels/sets/vectors.h"

namespace pipit::clip {
namespace {

/// The vector at `i` of `size` numbers, with `rest` where there are no more of them.
PIPIT_INLINE Vector load_some(const float* from, std::int64_t i, std::int64_t size, float rest) {
  if (i + kLanes <= size) return load(from + i);
  Vector values = Vector{} + rest;
  for (std::int64_t lane = 0; i + lane < size; ++lane) values[lane] = from[i + lane];
  return values;
}

PIPIT_INLINE void store_some(float* to, std::int64_t i, std::int64_t size, Vector values) {
  if (i + kLanes <= size) return store(to + i, values);
  for (std::int64_t lane = 0; i + lane < size; ++lane) to[i + lane] = values[lane];
}

RowScale quantize_row(const float* row, std::int64_t size, std::uint8_t* codes) {
  Vector lows = Vector{} + row[0];
  Vector highs = lows;
  Vector traces = {};  // stay 0, or become NaN
  for (std::int64_t i = 0; i < size; i += kLanes) {
    const Vector values = load_some(row, i, size, row[0]);
    lows = least(lows, values);
    highs = greatest(highs, values);
    traces += values * 0.0f;
  }
  float low = lows[0];
  float high = highs[0];
  for (std::int64_t lane = 1; lane < kLanes; ++lane) {
    low = lows[lane] < low ? lows[lane] : low;
    high = highs[lane] > high ? highs[lane] : high;
  }
  const float scale = (high - low) / PIPIT_LEVELS + sum_of(traces);
  constexpr float kGreatest = 3.40282347e38f;
  if (!(scale <= kGreatest)) {
    for (std::int64_t i = 0; i < size; ++i) codes[i] = 0;
    return {__builtin_nanf(""), 0};
  }
  const float inverse = scale > 0 ? 1 / scale : 0;
  for (std::int64_t i = 0; i < size; i += kLanes) {
    Vector code = (load_some(row, i, size, low) - low) * inverse + 0.5f;
    code = least(code, Vector{} + static_cast<float>(PIPIT_LEVELS));
    const Codes bytes = __builtin_convertvector(__builtin_convertvector(code, Integers), Codes);
    if (i + kLanes <= size) {
      *reinterpret_cast<UnalignedCodes*>(codes + i) = bytes;
    } else {
      for (std::int64_t lane = 0; i + lane < size; ++lane) codes[i + lane] = bytes[lane];
    }
  }
  return {scale, low};
}

void normalize_row(const float* x, std::int64_t size, const float* weight, const float* bias, float epsilon, float* y) {
  Vector sums = {};
  for (std::int64_t i = 0; i < size; i += kLanes) sums += load_some(x, i, size, 0);
  const float mean = sum_of(sums) / static_cast<float>(size);
  Vector squares = {};
  for (std::int64_t i = 0; i < size; i += kLanes) {
    const Vector apart = load_some(x, i, size, mean) - mean;
    squares += apart * apart;
  }
  const float factor = 1 / __builtin_sqrtf(sum_of(squares) / static_cast<float>(size) + epsilon);
  for (std::int64_t i = 0; i < size; i += kLanes) {
    const Vector normal = (load_some(x, i, size, 0) - mean) * factor;
    store_some(y, i, size, normal * load_some(weight, i, size, 0) + load_some(bias, i, size, 0));
  }
}

}  // namespace
}  // namespace pipit::clip
