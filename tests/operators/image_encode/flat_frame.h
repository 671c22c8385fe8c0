// Frames for the tests of operators that take them.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "pipit/value.h"

namespace pipit::test {

using Colour = std::array<std::uint8_t, 3>;

inline Frame flat_frame(std::int64_t width, std::int64_t height, Colour colour, double timestamp_ms = 0) {
  Tensor pixels = Tensor::empty(DType::kUInt8, {height, width, 3});
  auto* out = pixels.mutable_data<std::uint8_t>();
  for (std::int64_t i = 0; i < width * height; ++i) out = std::ranges::copy(colour, out).out;
  return Frame::make({.timestamp_ms = timestamp_ms}, pixels);
}

inline Colour pixel(const Frame& frame, std::int64_t x, std::int64_t y) {
  const auto* at = frame.pixels().data<std::uint8_t>() + 3 * (y * frame.width() + x);
  return {at[0], at[1], at[2]};
}

}  // namespace pipit::test
