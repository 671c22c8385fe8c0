// A matrix in panels of kColumns columns, and a tile of rows multiplied with one. Needs PIPIT_VECTORS and
// PIPIT_TILE_ROWS.
#pragma once

#include "clip/kernels/sets/vectors.h"

namespace pipit::clip {
namespace {

constexpr std::int64_t kVectors = PIPIT_VECTORS;
constexpr std::int64_t kColumns = kLanes * kVectors;
constexpr std::int64_t kTileRows = PIPIT_TILE_ROWS;

/// Swaps two off-diagonal squares of side kSide in every square of twice that side.
template <std::int64_t kSide>
PIPIT_INLINE void swap_squares(Vector* rows) {
  Integers upper{};
  Integers lower{};
  for (std::int32_t i = 0; i < kLanes; ++i) {
    upper[i] = (i & kSide) != 0 ? i - kSide + kLanes : i;
    lower[i] = (i & kSide) != 0 ? i + kLanes : i + kSide;
  }
#pragma GCC unroll 16
  for (std::int64_t i = 0; i < kLanes; ++i) {
    if ((i & kSide) != 0) continue;
    const Vector a = rows[i];
    const Vector b = rows[i + kSide];
    rows[i] = __builtin_shuffle(a, b, upper);
    rows[i + kSide] = __builtin_shuffle(a, b, lower);
  }
}

/// A square of kLanes columns and depths.
PIPIT_INLINE void pack_square(const float* weight, std::int64_t column_stride, float* panel) {
  Vector rows[kLanes];
#pragma GCC unroll 16
  for (std::int64_t i = 0; i < kLanes; ++i) rows[i] = load(weight + i * column_stride);
  if constexpr (kLanes > 8) swap_squares<8>(rows);
  if constexpr (kLanes > 4) swap_squares<4>(rows);
  swap_squares<2>(rows);
  swap_squares<1>(rows);
#pragma GCC unroll 16
  for (std::int64_t i = 0; i < kLanes; ++i) store(panel + i * kColumns, rows[i]);
}

/// Strides of a matrix, in floats.
struct Strides {
  std::int64_t column, depth;
};

/// A panel [depth][kColumns] of `columns` columns, up to kColumns of them; zeros where there are fewer.
void pack(const float* weight, Strides strides, std::int64_t columns, std::int64_t depth, float* panel) {
  std::int64_t k = 0;
  if (columns == kColumns && strides.depth == 1) {
    for (; k + kLanes <= depth; k += kLanes) {
      for (std::int64_t n = 0; n < kColumns; n += kLanes) {
        pack_square(weight + n * strides.column + k, strides.column, panel + k * kColumns + n);
      }
    }
  } else if (columns == kColumns && strides.column == 1) {
    for (; k < depth; ++k) {
      for (std::int64_t n = 0; n < kColumns; n += kLanes) {
        store(panel + k * kColumns + n, load(weight + k * strides.depth + n));
      }
    }
  }
  for (; k < depth; ++k) {
    for (std::int64_t n = 0; n < kColumns; ++n) {
      panel[k * kColumns + n] = n < columns ? weight[n * strides.column + k * strides.depth] : 0;
    }
  }
}

/// Rows of x, of a panel and of sums; strides are from row to row.
struct Tile {
  const float* x;
  std::int64_t x_stride;
  const float* panel;  // [depth][kColumns]
  std::int64_t panel_stride;
  std::int64_t depth;
  float* sums;
  std::int64_t sums_stride;
};

/// sums[r] += x[r]·panel, or = for the first.
template <std::int64_t kRows>
__attribute__((noinline)) void add_tile(const Tile& tile, bool first) {
  const float* const x = tile.x;
  const std::int64_t x_stride = tile.x_stride;
  const float* panel = tile.panel;
  const std::int64_t panel_stride = tile.panel_stride;
  float* const sums = tile.sums;
  const std::int64_t stride = tile.sums_stride;
  Vector sum[kRows][kVectors];
  for (std::int64_t r = 0; r < kRows; ++r) {
    for (std::int64_t v = 0; v < kVectors; ++v) sum[r][v] = first ? Vector{} : load(sums + r * stride + v * kLanes);
  }
  for (std::int64_t k = 0; k < tile.depth; ++k, panel += panel_stride) {
    Vector column[kVectors];
#pragma GCC unroll 8
    for (std::int64_t v = 0; v < kVectors; ++v) column[v] = load(panel + v * kLanes);
#pragma GCC unroll 16
    for (std::int64_t r = 0; r < kRows; ++r) {
      const float factor = x[r * x_stride + k];
#pragma GCC unroll 8
      for (std::int64_t v = 0; v < kVectors; ++v) sum[r][v] += column[v] * factor;
    }
  }
  for (std::int64_t r = 0; r < kRows; ++r) {
    for (std::int64_t v = 0; v < kVectors; ++v) store(sums + r * stride + v * kLanes, sum[r][v]);
  }
}

/// The same of `rows` rows, kRows of them or fewer.
template <std::int64_t kRows = kTileRows>
void add_rows(std::int64_t rows, const Tile& tile, bool first) {
  if (rows == kRows) return add_tile<kRows>(tile, first);
  if constexpr (kRows > 1) add_rows<kRows - 1>(rows, tile, first);
}

}  // namespace
}  // namespace pipit::clip
