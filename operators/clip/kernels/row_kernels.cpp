#include "clip/kernels/row_kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

// Compiled for each level of x86-64 and chosen as the library is loaded.
#define PIPIT_CLIP_VECTORIZED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))

namespace pipit::clip {
namespace {

/// σ(x) within 3e-7; libm's exponential would not be vectorized.
inline float sigmoid(float x) {
  const float t = std::clamp(x * -1.44269504f, -126.0f, 126.0f);
  const float whole = std::nearbyint(t);
  const float part = t - whole;
  float power = 1.54035304e-4f;  // Taylor's series of 2^part
  power = power * part + 1.33335581e-3f;
  power = power * part + 9.61812911e-3f;
  power = power * part + 5.55041087e-2f;
  power = power * part + 2.40226507e-1f;
  power = power * part + 6.93147181e-1f;
  power = power * part + 1.0f;
  power *= std::bit_cast<float>((static_cast<std::int32_t>(whole) + 127) << 23);
  return 1 / (1 + power);
}

}  // namespace

PIPIT_CLIP_VECTORIZED RowScale quantize_row(const float* row, std::int64_t size, int levels, std::uint8_t* codes) {
  float low = row[0];
  float high = row[0];
  float trace = 0;  // stays 0, or becomes NaN
#pragma omp simd reduction(min : low) reduction(max : high) reduction(+ : trace)
  for (std::int64_t i = 0; i < size; ++i) {
    low = row[i] < low ? row[i] : low;
    high = row[i] > high ? row[i] : high;
    trace += row[i] * 0.0f;
  }
  const float scale = (high - low) / static_cast<float>(levels) + trace;
  if (!std::isfinite(scale)) {
    std::fill_n(codes, size, std::uint8_t{0});
    return {std::numeric_limits<float>::quiet_NaN(), 0};
  }
  const float inverse = scale > 0 ? 1 / scale : 0;
#pragma omp simd
  for (std::int64_t i = 0; i < size; ++i) {
    const int code = static_cast<int>((row[i] - low) * inverse + 0.5f);
    codes[i] = static_cast<std::uint8_t>(code < levels ? code : levels);
  }
  return {scale, low};
}

PIPIT_CLIP_VECTORIZED void rescale_row(float* row, std::int64_t size, RowScale from, const float* sums,
                                       const float* bias) {
#pragma omp simd
  for (std::int64_t j = 0; j < size; ++j) row[j] = row[j] * from.scale + (from.offset * sums[j] + bias[j]);
}

PIPIT_CLIP_VECTORIZED void rescale_row_silu(float* row, std::int64_t size, RowScale from, const float* sums,
                                            const float* bias) {
#pragma omp simd
  for (std::int64_t j = 0; j < size; ++j) {
    const float x = row[j] * from.scale + (from.offset * sums[j] + bias[j]);
    row[j] = x * sigmoid(x);
  }
}

PIPIT_CLIP_VECTORIZED void add_scaled_row(const float* added, float scale, std::int64_t size, float* row) {
#pragma omp simd
  for (std::int64_t j = 0; j < size; ++j) row[j] = added[j] + scale * row[j];
}

}  // namespace pipit::clip
