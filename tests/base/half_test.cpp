// 16-bit floats against the compiler's own arithmetic.
#include "base/half.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>

using pipit::bfloat16_to_float;
using pipit::float16_to_float;
using pipit::float_to_bfloat16;
using pipit::float_to_float16;

namespace {

float by_compiler(std::uint16_t bits) {
  return static_cast<float>(std::bit_cast<_Float16>(bits));
}

std::uint16_t by_compiler(float number) {
  return std::bit_cast<std::uint16_t>(static_cast<_Float16>(number));
}

}  // namespace

TEST_CASE("float16: every number goes to float and back") {
  int wrong = 0;
  for (std::uint32_t i = 0; i < 0x10000; ++i) {
    const auto bits = static_cast<std::uint16_t>(i);
    const float number = float16_to_float(bits);
    if (std::isnan(number)) {
      wrong += !std::isnan(by_compiler(bits)) || !std::isnan(float16_to_float(float_to_float16(number)));
    } else {
      wrong += number != by_compiler(bits) || std::signbit(number) != std::signbit(by_compiler(bits));
      wrong += float_to_float16(number) != bits;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("float16: floats are rounded as the compiler rounds them") {
  int wrong = 0;
  // Steps through all exponents and mantissas; and the halves between two, with their neighbours.
  for (std::uint64_t bits = 0; bits < 0x7f800000; bits += 0x3ffd) {
    const float number = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    wrong += float_to_float16(number) != by_compiler(number);
    wrong += float_to_float16(-number) != by_compiler(-number);
  }
  for (std::uint32_t i = 0; i < 0x7c00; ++i) {
    const float middle =
        (by_compiler(static_cast<std::uint16_t>(i)) + by_compiler(static_cast<std::uint16_t>(i + 1))) / 2;
    for (const float number : {middle, std::nextafter(middle, 0.0F), std::nextafter(middle, 1e6F)}) {
      if (std::isfinite(number)) wrong += float_to_float16(number) != by_compiler(number);
    }
  }
  CHECK(wrong == 0);
  CHECK(float_to_float16(65520) == 0x7c00);
  CHECK(float_to_float16(std::numeric_limits<float>::infinity()) == 0x7c00);
}

TEST_CASE("bfloat16: halves go to the even neighbour") {
  CHECK(float_to_bfloat16(1) == 0x3f80);
  CHECK(float_to_bfloat16(std::bit_cast<float>(0x3f808000u)) == 0x3f80);
  CHECK(float_to_bfloat16(std::bit_cast<float>(0x3f818000u)) == 0x3f82);
  CHECK(float_to_bfloat16(std::bit_cast<float>(0x3f808001u)) == 0x3f81);
  CHECK(float_to_bfloat16(std::bit_cast<float>(0xff7fffffu)) == 0xff80);
  CHECK(std::isnan(bfloat16_to_float(float_to_bfloat16(std::bit_cast<float>(0x7f800001u)))));
  int wrong = 0;
  for (std::uint32_t i = 0; i < 0x7f80; ++i) {
    wrong += float_to_bfloat16(bfloat16_to_float(static_cast<std::uint16_t>(i))) != i;
  }
  CHECK(wrong == 0);
}
