// Matrix products of rows in codes with weights of few bits. Integers are added up exactly, and floats in one order: a
// row's result depends on that row alone, to the bit.
#pragma once

#include <cstdint>

#include "clip/kernels/product_end.h"

namespace pipit::clip {

/// What the codes of a row mean: value = offset + code * scale.
struct RowScale {
  float scale = 0;
  float offset = 0;
};

/// A weight [outputs, depth] in blocks of kBlockOutputs outputs (the last one filled up with zeros) and kBlockDepth
/// inputs, as products with 8-bit dot instructions read it. See weights::in_blocks for the order.
struct CodedWeight {
  const void* codes = nullptr;
  int bits = 8;
  std::int64_t outputs = 0, depth = 0;  // the depth as the blocks have it: a multiple of 4, or of 64 at 4 bits
  const float* scale = nullptr;         // [outputs], at 8 bits; with room for whole blocks, as the sums
  /// float16 [blocks, groups, kBlockOutputs], at 4 bits.
  const std::uint16_t* group_scale = nullptr;
  const std::uint16_t* group_zero = nullptr;
  const float* sums = nullptr;  // [outputs]: of each output's weights; at nothing but zeros while they are not known
};

inline constexpr std::int64_t kBlockOutputs = 16;
inline constexpr std::int64_t kBlockDepth = 4;
inline constexpr std::int64_t kGroup = 64;  // inputs that share a scale at 4 bits

/// x·Wᵀ and what becomes of it, of rows in codes.
struct CodeProduct {
  const std::uint8_t* codes = nullptr;  // [rows, depth]
  const RowScale* scales = nullptr;     // [rows]
  const float* group_sums = nullptr;    // [rows, depth / kGroup], at 4 bits: of the codes
  std::int64_t rows = 0;
  CodedWeight weight;
  ProductEnd end;
};

}  // namespace pipit::clip
