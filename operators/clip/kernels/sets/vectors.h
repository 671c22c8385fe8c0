// Vectors of kLanes floats, and the functions that models apply to them. Included by one source for each set of
// instructions, which defines PIPIT_LANES and the other names that the headers of this folder say. No inline function
// of another header may be used in them: the linker would take one source's copy for the whole library.
#pragma once

#include <cstdint>

namespace pipit::clip {
namespace {

constexpr std::int64_t kLanes = PIPIT_LANES;

#define PIPIT_INLINE inline __attribute__((always_inline))

using Vector = float __attribute__((vector_size(kLanes * 4)));
using Integers = std::int32_t __attribute__((vector_size(kLanes * 4)));
using Unaligned = float __attribute__((vector_size(kLanes * 4), aligned(4), may_alias));
using Codes = std::uint8_t __attribute__((vector_size(kLanes)));
using UnalignedCodes = std::uint8_t __attribute__((vector_size(kLanes), aligned(1), may_alias));

PIPIT_INLINE Vector load(const float* from) {
  return *reinterpret_cast<const Unaligned*>(from);
}
PIPIT_INLINE void store(float* to, Vector values) {
  *reinterpret_cast<Unaligned*>(to) = values;
}

PIPIT_INLINE Vector least(Vector a, Vector b) {
  return a < b ? a : b;
}
PIPIT_INLINE Vector greatest(Vector a, Vector b) {
  return a > b ? a : b;
}

PIPIT_INLINE float sum_of(Vector values) {
  float sum = 0;
  for (std::int64_t i = 0; i < kLanes; ++i) sum += values[i];
  return sum;
}

/// 2^x within 2e-7 of it, for x within ±126; beyond them as there.
PIPIT_INLINE Vector power_of_two(Vector x) {
  x = least(greatest(x, Vector{} - 126.0f), Vector{} + 126.0f);
  // What is added takes the fraction's bits away, so that the number is rounded.
  const Vector whole = (x + 12582912.0f) - 12582912.0f;
  const Vector part = x - whole;
  Vector power = part * 1.54035304e-4f + 1.33335581e-3f;  // Taylor's series of 2^part
  power = power * part + 9.61812911e-3f;
  power = power * part + 5.55041087e-2f;
  power = power * part + 2.40226507e-1f;
  power = power * part + 6.93147181e-1f;
  power = power * part + 1.0f;
  const Integers bits = (__builtin_convertvector(whole, Integers) + 127) << 23;
  return power * reinterpret_cast<Vector>(bits);
}

constexpr float kLog2OfE = 1.44269504f;

/// x·σ(x).
PIPIT_INLINE Vector silu(Vector x) {
  return x / (1.0f + power_of_two(x * -kLog2OfE));
}

/// x·Φ(x), within 2e-7·|x|. Reference: Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26, for the error
/// function.
PIPIT_INLINE Vector gelu(Vector x) {
  const Vector scaled = x * 0.70710678f;
  const Vector size = greatest(scaled, -scaled);
  const Vector t = 1.0f / (1.0f + size * 0.3275911f);
  Vector sum = t * 1.061405429f - 1.453152027f;
  sum = sum * t + 1.421413741f;
  sum = sum * t - 0.284496736f;
  sum = sum * t + 0.254829592f;
  const Vector tail = sum * t * power_of_two(size * size * -kLog2OfE);  // 1 - erf(size)
  return x * 0.5f * (scaled < 0.0f ? tail : 2.0f - tail);
}

}  // namespace
}  // namespace pipit::clip
