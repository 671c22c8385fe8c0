#include "index/accelerator/row_codes.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace pipit {
namespace {

constexpr std::int64_t kLargestRowCode = 127;
constexpr std::int64_t kLargestQueryCode = 2047;

/// Gives the scale.
template <class Code>
float encode(std::span<const float> numbers, std::span<Code> code, std::int64_t largest_code) {
  double largest = 0;
  for (const float number : numbers) largest = std::max(largest, std::abs(double{number}));
  const double scale = largest / static_cast<double>(largest_code);
  std::ranges::transform(numbers, code.begin(), [&](float number) {
    return static_cast<Code>(scale == 0 ? 0 : std::lround(double{number} / scale));
  });
  return static_cast<float>(scale);
}

}  // namespace

float encode_row(std::span<const float> row, std::span<std::int8_t> code) {
  return encode(row, code, kLargestRowCode);
}

QueryCode encode_query(std::span<const float> query) {
  // Whatever the row, the product's sum fits 32 bits.
  const std::int64_t fits = std::numeric_limits<std::int32_t>::max() / (kLargestRowCode * std::ssize(query));
  QueryCode code;
  code.numbers.resize(query.size());
  code.scale = encode(query, std::span(code.numbers), std::min(fits, kLargestQueryCode));
  return code;
}

}  // namespace pipit
