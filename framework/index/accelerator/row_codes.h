// Rows and queries in few bits, for a first look: what seems near is scored again with the rows themselves.
//
// A row's code has 8 bits a number: its largest number becomes 127 or -127, and a scale of its own says what 1 stands
// for. A query has up to 12 bits a number, so that what is lost is the row's loss alone.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace pipit {

/// Longer rows have no codes: products of theirs might not fit 32 bits.
inline constexpr std::int64_t kMostCodedNumbers = 1 << 16;

/// Writes a row's code, of as many numbers; gives its scale. The row is finite.
float encode_row(std::span<const float> row, std::span<std::int8_t> code);

struct QueryCode {
  std::vector<std::int16_t> numbers;
  float scale = 0;
};
/// The query is finite.
QueryCode encode_query(std::span<const float> query);

}  // namespace pipit
