#include "pipit/weights/quantization.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "base/half.h"
#include "pipit/error.h"

namespace pipit::weights {
namespace {

constexpr float kMostInt8 = 127;
constexpr float kMostInt4 = 15;
constexpr float kMiddleInt4 = 8;
constexpr std::size_t kBlock = kBlockOutputs;
constexpr std::size_t kStep = kBlockInputs;

void require_finite(std::span<const float> numbers) {
  // The sum of what is multiplied by zero is zero, or NaN where a number is infinite or none.
  float sum = 0;
  for (float number : numbers) sum += number * 0;
  if (sum != 0 || std::isnan(sum)) throw Error("invalid_checkpoint", "has numbers that are not finite");
}

std::size_t rows_of(std::span<const float> matrix, std::int64_t columns) {
  if (columns <= 0 || matrix.size() % static_cast<std::size_t>(columns) != 0) {
    throw Error("internal", fmt::format("a matrix of {} numbers has no rows of {}", matrix.size(), columns));
  }
  return matrix.size() / static_cast<std::size_t>(columns);
}

// std::nearbyint would do as well, but not in a vectorised loop: adding 1.5 * 2^23 leaves no bits for fractions.
float round_half_to_even(float number) {
  constexpr float kNoFractions = 0x1.8p23f;
  return (number + kNoFractions) - kNoFractions;
}

float quantum(float value, float scale, float offset, float least, float most) {
  // A scale may be zero, or too small to divide by; what that gives is brought back into range.
  const float q = scale > 0 ? std::clamp(value / scale + offset, least, most) : offset;
  return round_half_to_even(q);
}

}  // namespace

Int8Matrix quantize_int8(std::span<const float> matrix, std::int64_t columns) {
  require_finite(matrix);
  const std::size_t rows = rows_of(matrix, columns);
  const auto width = static_cast<std::size_t>(columns);
  Int8Matrix result{std::vector<std::int8_t>(matrix.size()), std::vector<float>(rows)};
  for (std::size_t row = 0; row < rows; ++row) {
    const std::span<const float> numbers = matrix.subspan(row * width, width);
    float most = 0;
    for (float number : numbers) most = std::max(most, std::abs(number));
    const float scale = most / kMostInt8;
    result.scale[row] = scale;
    for (std::size_t i = 0; i < width; ++i) {
      result.values[row * width + i] = static_cast<std::int8_t>(quantum(numbers[i], scale, 0, -kMostInt8, kMostInt8));
    }
  }
  return result;
}

Int4Matrix quantize_int4(std::span<const float> matrix, std::int64_t columns, std::int64_t group) {
  require_finite(matrix);
  rows_of(matrix, columns);
  if (group <= 0 || columns % group != 0 || group % 2 != 0) {
    throw Error("invalid_checkpoint",
                fmt::format("has {} columns, and 4 bits take a multiple of {}; quantise to 8 bits", columns, group));
  }
  const auto width = static_cast<std::size_t>(group);
  const std::size_t groups = matrix.size() / width;
  Int4Matrix result{std::vector<std::uint8_t>(matrix.size() / 2), std::vector<std::uint16_t>(groups),
                    std::vector<std::uint16_t>(groups)};
  for (std::size_t i = 0; i < groups; ++i) {
    const std::span<const float> numbers = matrix.subspan(i * width, width);
    const auto [least, most] = std::minmax_element(numbers.begin(), numbers.end());
    const float step = (*most - *least) / kMostInt4;
    result.scale[i] = float_to_float16(step);
    // What the file holds is what the numbers are measured by.
    const float scale = float16_to_float(result.scale[i]);
    const float middle = scale > 0 ? *least + kMiddleInt4 * scale : (*least + *most) / 2;
    result.zero[i] = float_to_float16(middle);
    const float zero = float16_to_float(result.zero[i]);
    if (!std::isfinite(scale) || !std::isfinite(zero)) {
      throw Error("invalid_checkpoint", "has numbers beyond float16; quantise to 8 bits");
    }
    for (std::size_t pair = 0; pair < width / 2; ++pair) {
      const auto even = static_cast<unsigned>(quantum(numbers[2 * pair] - zero, scale, kMiddleInt4, 0, kMostInt4));
      const auto odd = static_cast<unsigned>(quantum(numbers[2 * pair + 1] - zero, scale, kMiddleInt4, 0, kMostInt4));
      result.values[i * width / 2 + pair] = static_cast<std::uint8_t>(even | odd << 4);
    }
  }
  return result;
}

std::vector<std::int8_t> in_blocks(std::span<const std::int8_t> codes, std::int64_t columns) {
  const auto width = static_cast<std::size_t>(columns);
  const std::size_t rows = codes.size() / width;
  const std::size_t steps = (width + kStep - 1) / kStep;
  std::vector<std::int8_t> blocks((rows + kBlock - 1) / kBlock * kBlock * steps * kStep);
  for (std::size_t row = 0; row < rows; ++row) {
    std::int8_t* const to = blocks.data() + (row / kBlock * steps * kBlock + row % kBlock) * kStep;
    for (std::size_t step = 0; step < steps; ++step) {
      std::memcpy(to + step * kBlock * kStep, codes.data() + row * width + step * kStep,
                  std::min(kStep, width - step * kStep));
    }
  }
  return blocks;
}

std::vector<std::uint8_t> in_blocks(std::span<const std::uint8_t> codes, std::int64_t row_bytes) {
  const auto width = static_cast<std::size_t>(row_bytes);
  const std::size_t rows = codes.size() / width;
  const std::size_t steps = width / kStep;
  constexpr std::uint8_t kNoCode = 0x88;  // two of zero
  std::vector<std::uint8_t> blocks((rows + kBlock - 1) / kBlock * kBlock * steps * kStep, kNoCode);
  for (std::size_t row = 0; row < rows; ++row) {
    std::uint8_t* to = blocks.data() + (row / kBlock * steps * kBlock + row % kBlock) * kStep;
    const std::uint8_t* from = codes.data() + row * width;
    for (std::size_t step = 0; step < steps; ++step, from += kStep, to += kBlock * kStep) {
      // Pairs of inputs side by side become inputs that are four apart.
      to[0] = static_cast<std::uint8_t>((from[0] & 15) | from[2] << 4);
      to[1] = static_cast<std::uint8_t>((from[0] >> 4) | (from[2] & 0xf0));
      to[2] = static_cast<std::uint8_t>((from[1] & 15) | from[3] << 4);
      to[3] = static_cast<std::uint8_t>((from[1] >> 4) | (from[3] & 0xf0));
    }
  }
  return blocks;
}

std::vector<std::uint16_t> groups_in_blocks(std::span<const std::uint16_t> numbers, std::int64_t groups) {
  const auto width = static_cast<std::size_t>(groups);
  const std::size_t rows = numbers.size() / width;
  std::vector<std::uint16_t> blocks((rows + kBlock - 1) / kBlock * kBlock * width);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::size_t row = i / width;
    blocks[(row / kBlock * width + i % width) * kBlock + row % kBlock] = numbers[i];
  }
  return blocks;
}

std::vector<float> dequantize(const Int8Matrix& matrix) {
  std::vector<float> numbers(matrix.values.size());
  if (matrix.scale.empty()) return numbers;
  const std::size_t columns = numbers.size() / matrix.scale.size();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = static_cast<float>(matrix.values[i]) * matrix.scale[i / columns];
  }
  return numbers;
}

std::vector<float> dequantize(const Int4Matrix& matrix) {
  std::vector<float> numbers(matrix.values.size() * 2);
  if (matrix.scale.empty()) return numbers;
  const std::size_t group = numbers.size() / matrix.scale.size();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const unsigned byte = matrix.values[i / 2];
    const float q = static_cast<float>(i % 2 == 0 ? byte & 15u : byte >> 4);
    numbers[i] =
        (q - kMiddleInt4) * float16_to_float(matrix.scale[i / group]) + float16_to_float(matrix.zero[i / group]);
  }
  return numbers;
}

}  // namespace pipit::weights
