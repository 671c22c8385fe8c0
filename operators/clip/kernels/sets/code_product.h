// A CodeProduct: rows of unsigned codes times signed ones, four inputs of a vector's outputs at an instruction. Needs
// PIPIT_CODE_ROWS and PIPIT_CODE_BLOCKS, the rows and blocks of a tile at 8 bits, PIPIT_GROUP_BLOCKS, the blocks at
// 4 bits, whose floats take registers too, PIPIT_LEVELS, and
//   Integers add_products(Integers sums, std::int32_t four_codes, Integers weights)
//   Vector from_half(const std::uint16_t* halves)
#pragma once

#include "clip/kernels/kernel_set.h"
#include "clip/kernels/sets/finish.h"

namespace pipit::clip {
namespace {

constexpr std::int64_t kBlockVectors = kBlockOutputs / kLanes;
constexpr std::int64_t kBlockBytes = kBlockOutputs * kBlockDepth;  // of one step over the depth
constexpr std::int64_t kCodeRows = PIPIT_CODE_ROWS;
constexpr std::int64_t kCodeColumns = PIPIT_CODE_BLOCKS * kBlockOutputs;
constexpr std::int64_t kGroupBlocks = PIPIT_GROUP_BLOCKS;

using UnalignedIntegers = std::int32_t __attribute__((vector_size(kLanes * 4), aligned(1), may_alias));
using UnalignedInteger = std::int32_t __attribute__((aligned(1), may_alias));

PIPIT_INLINE Integers load_codes(const std::int8_t* from) {
  return *reinterpret_cast<const UnalignedIntegers*>(from);
}

/// Blocks of a weight side by side, at 8 bits or unpacked to them.
struct CodeTile {
  const std::int8_t* weights;  // [blocks][steps][kBlockOutputs][kBlockDepth]
  std::int64_t block_stride;
  const float* group_scale;  // [groups][columns], at 4 bits
  const float* group_zero;
  const float* scale;    // [columns], at 8 bits
  const float* sums;     // [columns]
  std::int64_t column;   // the first
  std::int64_t columns;  // that the product has from there on
};

template <std::int64_t kRows, std::int64_t kTileVectors>
PIPIT_INLINE void add_steps(const std::uint8_t* x, std::int64_t x_stride, const CodeTile& tile, std::int64_t begin,
                            std::int64_t end, Integers (&sums)[kRows][kTileVectors]) {
  for (std::int64_t step = begin; step < end; ++step) {
    Integers weights[kTileVectors];
#pragma GCC unroll 8
    for (std::int64_t v = 0; v < kTileVectors; ++v) {
      weights[v] = load_codes(tile.weights + v / kBlockVectors * tile.block_stride + step * kBlockBytes +
                              v % kBlockVectors * kLanes * kBlockDepth);
    }
#pragma GCC unroll 16
    for (std::int64_t r = 0; r < kRows; ++r) {
      const std::int32_t four = *reinterpret_cast<const UnalignedInteger*>(x + r * x_stride + step * kBlockDepth);
#pragma GCC unroll 8
      for (std::int64_t v = 0; v < kTileVectors; ++v) sums[r][v] = add_products(sums[r][v], four, weights[v]);
    }
  }
}

/// Sums of codes, [rows][columns of the tile], become the product's.
__attribute__((noinline)) void finish_tile(const CodeProduct& product, const CodeTile& tile, std::int64_t row,
                                           std::int64_t rows, std::int64_t columns, float* sums) {
  for (std::int64_t r = 0; r < rows; ++r, sums += columns) {
    const RowScale of = product.scales[row + r];
    for (std::int64_t n = 0; n < columns; n += kLanes) {
      store(sums + n, load(sums + n) * of.scale + load(tile.sums + n) * of.offset);
    }
    finish(product.end, row + r, tile.column, columns < tile.columns ? columns : tile.columns, sums);
  }
}

template <std::int64_t kRows, std::int64_t kTileVectors>
__attribute__((noinline)) void multiply_tile(const CodeProduct& product, const CodeTile& tile, std::int64_t row) {
  const std::int64_t depth = product.weight.depth;
  const std::uint8_t* const x = product.codes + row * depth;
  Integers integers[kRows][kTileVectors] = {};
  add_steps<kRows, kTileVectors>(x, depth, tile, 0, depth / kBlockDepth, integers);
  alignas(64) float sums[kRows][kTileVectors * kLanes];
#pragma GCC unroll 8
  for (std::int64_t v = 0; v < kTileVectors; ++v) {
    const Vector scale = load(tile.scale + v * kLanes);
#pragma GCC unroll 16
    for (std::int64_t r = 0; r < kRows; ++r) {
      store(sums[r] + v * kLanes, __builtin_convertvector(integers[r][v], Vector) * scale);
    }
  }
  finish_tile(product, tile, row, kRows, kTileVectors * kLanes, sums[0]);
}

/// Each group of inputs has a scale and a zero of its own, and its integers become floats.
template <std::int64_t kRows, std::int64_t kTileVectors>
__attribute__((noinline)) void multiply_grouped_tile(const CodeProduct& product, const CodeTile& tile,
                                                     std::int64_t row) {
  constexpr std::int64_t kGroupedColumns = kTileVectors * kLanes;
  constexpr std::int64_t kSteps = kGroup / kBlockDepth;
  const std::int64_t depth = product.weight.depth;
  const std::int64_t groups = depth / kGroup;
  const std::uint8_t* const x = product.codes + row * depth;
  const float* const group_sums = product.group_sums + row * groups;
  Vector sums[kRows][kTileVectors] = {};
  for (std::int64_t group = 0; group < groups; ++group) {
    Integers integers[kRows][kTileVectors] = {};
    add_steps<kRows, kTileVectors>(x, depth, tile, group * kSteps, (group + 1) * kSteps, integers);
#pragma GCC unroll 8
    for (std::int64_t v = 0; v < kTileVectors; ++v) {
      const Vector scale = load(tile.group_scale + group * kGroupedColumns + v * kLanes);
      const Vector zero = load(tile.group_zero + group * kGroupedColumns + v * kLanes);
#pragma GCC unroll 16
      for (std::int64_t r = 0; r < kRows; ++r) {
        sums[r][v] += __builtin_convertvector(integers[r][v], Vector) * scale + zero * group_sums[r * groups + group];
      }
    }
  }
  alignas(64) float memory[kRows][kGroupedColumns];
#pragma GCC unroll 16
  for (std::int64_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (std::int64_t v = 0; v < kTileVectors; ++v) store(memory[r] + v * kLanes, sums[r][v]);
  }
  finish_tile(product, tile, row, kRows, kGroupedColumns, memory[0]);
}

/// Tiles of kCodeRows rows, and one of those that are left.
template <std::int64_t kTileVectors, bool kGrouped, std::int64_t kRows = kCodeRows>
void multiply_rows_of_codes(const CodeProduct& product, const CodeTile& tile, std::int64_t begin, std::int64_t end) {
  for (; end - begin >= kRows; begin += kRows) {
    if constexpr (kGrouped) {
      multiply_grouped_tile<kRows, kTileVectors>(product, tile, begin);
    } else {
      multiply_tile<kRows, kTileVectors>(product, tile, begin);
    }
  }
  if constexpr (kRows > 1) {
    if (begin < end) multiply_rows_of_codes<kTileVectors, kGrouped, kRows - 1>(product, tile, begin, end);
  }
}

/// Blocks of 4 bits: low halves of bytes hold the inputs 0 to 3 of eight, high ones 4 to 7, each as code + 8.
void unpack_codes(const std::uint8_t* packed, std::int64_t bytes, std::int8_t* codes) {
  for (std::int64_t i = 0; i < bytes; i += kBlockBytes) {
    for (std::int64_t j = 0; j < kBlockBytes; j += kLanes) {
      const Codes both = *reinterpret_cast<const UnalignedCodes*>(packed + i + j);
      *reinterpret_cast<UnalignedCodes*>(codes + 2 * i + j) = (both & 15) - 8;
      *reinterpret_cast<UnalignedCodes*>(codes + 2 * i + kBlockBytes + j) = (both >> 4) - 8;
    }
  }
}

/// Codes of some blocks, their scales and zeros.
constexpr std::int64_t unpacked_bytes(std::int64_t depth) {
  constexpr std::int64_t kGroupedColumns = kGroupBlocks * kBlockOutputs;
  return kGroupedColumns * depth + depth / kGroup * kGroupedColumns * 2 * 4;
}

template <std::int64_t kBlocks>
void multiply_grouped_blocks(const CodeProduct& product, const PanelTask& task, std::int64_t block) {
  constexpr std::int64_t kGroupedColumns = kBlocks * kBlockOutputs;
  const CodedWeight& weight = product.weight;
  const std::int64_t groups = weight.depth / kGroup;
  const std::int64_t block_bytes = kBlockOutputs * weight.depth / 2;
  auto* const codes = static_cast<std::int8_t*>(task.memory);
  auto* const scale = reinterpret_cast<float*>(codes + kGroupedColumns * weight.depth);
  float* const zero = scale + groups * kGroupedColumns;
  unpack_codes(static_cast<const std::uint8_t*>(weight.codes) + block * block_bytes, kBlocks * block_bytes, codes);
  for (std::int64_t b = 0; b < kBlocks; ++b) {
    for (std::int64_t group = 0; group < groups; ++group) {
      for (std::int64_t n = 0; n < kBlockOutputs; n += kLanes) {
        const std::int64_t from = ((block + b) * groups + group) * kBlockOutputs + n;
        const std::int64_t to = group * kGroupedColumns + b * kBlockOutputs + n;
        store(scale + to, from_half(weight.group_scale + from));
        store(zero + to, from_half(weight.group_zero + from));
      }
    }
  }
  const std::int64_t column = block * kBlockOutputs;
  const CodeTile tile = {codes,   kBlockOutputs * weight.depth, scale,  zero,
                         nullptr, weight.sums + column,         column, weight.outputs - column};
  multiply_rows_of_codes<kBlocks * kBlockVectors, true>(product, tile, task.begin, task.end);
}

template <std::int64_t kBlocks>
void multiply_blocks(const CodeProduct& product, const PanelTask& task, std::int64_t block) {
  const CodedWeight& weight = product.weight;
  const std::int64_t block_bytes = kBlockOutputs * weight.depth;
  const std::int64_t column = block * kBlockOutputs;
  const CodeTile tile = {static_cast<const std::int8_t*>(weight.codes) + block * block_bytes,
                         block_bytes,
                         nullptr,
                         nullptr,
                         weight.scale + column,
                         weight.sums + column,
                         column,
                         weight.outputs - column};
  multiply_rows_of_codes<kBlocks * kBlockVectors, false>(product, tile, task.begin, task.end);
}

std::int64_t code_panel_bytes(const CodedWeight& weight) {
  return weight.bits == 8 ? 0 : unpacked_bytes(weight.depth);
}

void multiply_codes_panel(const CodeProduct& product, const PanelTask& task) {
  const std::int64_t blocks = (product.weight.outputs + kBlockOutputs - 1) / kBlockOutputs;
  std::int64_t block = task.column / kBlockOutputs;
  const std::int64_t end = block + PIPIT_CODE_BLOCKS < blocks ? block + PIPIT_CODE_BLOCKS : blocks;
  if (product.weight.bits == 8) {
    for (; block + PIPIT_CODE_BLOCKS <= end; block += PIPIT_CODE_BLOCKS) {
      multiply_blocks<PIPIT_CODE_BLOCKS>(product, task, block);
    }
    for (; block < end; ++block) multiply_blocks<1>(product, task, block);
  } else {
    for (; block + kGroupBlocks <= end; block += kGroupBlocks) {
      multiply_grouped_blocks<kGroupBlocks>(product, task, block);
    }
    for (; block < end; ++block) multiply_grouped_blocks<1>(product, task, block);
  }
}

}  // namespace
}  // namespace pipit::clip
