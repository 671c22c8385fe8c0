// The bits of 16-bit floats, to and from float. Without branches where it counts, so that loops over them are
// vectorised.
#pragma once

#include <bit>
#include <cstdint>

namespace pipit {

inline float float16_to_float(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000u) << 16;
  const std::uint32_t rest = half & 0x7fffu;
  // The exponent's bias grows from 15 to 127; the product also makes subnormals normal.
  const std::uint32_t finite = std::bit_cast<std::uint32_t>(std::bit_cast<float>(rest << 13) * 0x1p112f);
  const std::uint32_t bits = rest >= 0x7c00u ? (rest << 13) | 0x7f800000u : finite;
  return std::bit_cast<float>(bits | sign);
}

/// To the nearest, halves to even, as IEEE 754 rounds; beyond 65504 infinity.
inline std::uint16_t float_to_float16(float number) {
  const auto all = std::bit_cast<std::uint32_t>(number);
  const std::uint32_t bits = all & 0x7fffffffu;
  // Adding 0.5 leaves a subnormal half's bits at the bottom, rounded by the addition itself.
  const std::uint32_t subnormal =
      std::bit_cast<std::uint32_t>(std::bit_cast<float>(bits) + 0.5f) - std::bit_cast<std::uint32_t>(0.5f);
  const std::uint32_t normal = (bits - (112u << 23) + 0xfffu + ((bits >> 13) & 1u)) >> 13;
  const std::uint32_t special = bits > 0x7f800000u ? 0x7e00u : 0x7c00u;
  const std::uint32_t half = bits >= 0x47800000u ? special : bits < 0x38800000u ? subnormal : normal;
  return static_cast<std::uint16_t>(half | (all >> 31 << 15));
}

inline float bfloat16_to_float(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

/// To the nearest, halves to even.
inline std::uint16_t float_to_bfloat16(float number) {
  const auto bits = std::bit_cast<std::uint32_t>(number);
  const std::uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const bool is_nan = (bits & 0x7fffffffu) > 0x7f800000u;
  return static_cast<std::uint16_t>(is_nan ? (bits >> 16) | 0x40u : rounded);
}

}  // namespace pipit
