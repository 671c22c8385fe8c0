// Linear weights in 8 or 4 bits: what their numbers mean, and how they are made.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "pipit/weights/export.h"

namespace pipit::weights {

/// How the linear weights of a model's blocks are stored.
///
/// 8 bits: symmetric, a scale for each row (output channel). `NAME` is int8 [out, in], `NAME.scale` float32 [out];
///   value = q * scale, q in -127..127.
/// 4 bits: a scale and a zero for each group of columns of a row. `NAME` is uint8 [out, in/2], the even column in the
///   low half of its byte; `NAME.scale` and `NAME.zero` are float16 [out, in/group];
///   value = (q - 8) * scale + zero, q in 0..15.
struct Quantization {
  int bits = 8;
  std::int64_t group = 0;  // columns; 0 at 8 bits

  friend bool operator==(const Quantization&, const Quantization&) = default;
};

inline constexpr Quantization kEightBits = {8, 0};
inline constexpr Quantization kFourBits = {4, 64};

struct Int8Matrix {
  std::vector<std::int8_t> values;  // [rows, columns]
  std::vector<float> scale;         // [rows]
};

struct Int4Matrix {
  std::vector<std::uint8_t> values;  // [rows, columns/2]
  std::vector<std::uint16_t> scale;  // float16 [rows, columns/group]
  std::vector<std::uint16_t> zero;   // float16 [rows, columns/group]
};

/// Row-major [matrix.size()/columns, columns]. Each value is the nearest one that its scale can express, halves to the
/// even q. Throws pipit::Error (`invalid_checkpoint`) for numbers that are not finite.
PIPIT_WEIGHTS_EXPORT Int8Matrix quantize_int8(std::span<const float> matrix, std::int64_t columns);

/// The same. The columns must be a multiple of `group`; a group spans its smallest to its greatest number. Also throws
/// for numbers beyond float16.
PIPIT_WEIGHTS_EXPORT Int4Matrix quantize_int4(std::span<const float> matrix, std::int64_t columns,
                                              std::int64_t group = kFourBits.group);

inline constexpr std::int64_t kBlockOutputs = 16;
inline constexpr std::int64_t kBlockInputs = 4;

/// Row-major codes in the order in which products with 8-bit dot instructions read them: blocks of 16 outputs, the last
/// one filled up with zeros, and within a block 64 bytes for every 4 inputs, filled up likewise, an output's four side
/// by side.
PIPIT_WEIGHTS_EXPORT std::vector<std::int8_t> in_blocks(std::span<const std::int8_t> codes, std::int64_t columns);

/// The same of codes of 4 bits, `row_bytes` a row, a multiple of 4: 64 bytes for every 8 inputs, the first 4 in the low
/// halves.
PIPIT_WEIGHTS_EXPORT std::vector<std::uint8_t> in_blocks(std::span<const std::uint8_t> codes, std::int64_t row_bytes);

/// Row-major scales or zeros as [blocks][groups][16].
PIPIT_WEIGHTS_EXPORT std::vector<std::uint16_t> groups_in_blocks(std::span<const std::uint16_t> numbers,
                                                                 std::int64_t groups);

/// Back to row-major floats, exactly the values that q, scale and zero define.
PIPIT_WEIGHTS_EXPORT std::vector<float> dequantize(const Int8Matrix& matrix);
PIPIT_WEIGHTS_EXPORT std::vector<float> dequantize(const Int4Matrix& matrix);

}  // namespace pipit::weights
