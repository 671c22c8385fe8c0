// The arithmetic of a RowProduct, for vectors of kLanes floats. Included by one source for each set of instructions,
// which defines PIPIT_LANES, PIPIT_VECTORS, PIPIT_TILE_ROWS and PIPIT_KERNEL. No inline function of another header may
// be used here: the linker would take one source's copy for the whole library.
//
// W is packed a panel of kColumns columns at a time, [depth][kColumns], and multiplied with kTileRows rows at a time,
// whose sums stay in registers.

#include "clip/kernels/row_product_task.h"

namespace pipit::clip {
namespace {

constexpr std::int64_t kLanes = PIPIT_LANES;
constexpr std::int64_t kVectors = PIPIT_VECTORS;
constexpr std::int64_t kColumns = kLanes * kVectors;
constexpr std::int64_t kTileRows = PIPIT_TILE_ROWS;

#define PIPIT_INLINE inline __attribute__((always_inline))

using Vector = float __attribute__((vector_size(kLanes * 4)));
using Integers = std::int32_t __attribute__((vector_size(kLanes * 4)));
using Unaligned = float __attribute__((vector_size(kLanes * 4), aligned(4), may_alias));

PIPIT_INLINE Vector load(const float* from) {
  return *reinterpret_cast<const Unaligned*>(from);
}
PIPIT_INLINE void store(float* to, Vector values) {
  *reinterpret_cast<Unaligned*>(to) = values;
}

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

/// `columns` of W, up to kColumns of them; zeros where there are fewer.
void pack(const float* weight, const RowProduct& product, std::int64_t columns, std::int64_t depth, float* panel) {
  std::int64_t k = 0;
  if (columns == kColumns && product.depth_stride == 1) {
    for (; k + kLanes <= depth; k += kLanes) {
      for (std::int64_t n = 0; n < kColumns; n += kLanes) {
        pack_square(weight + n * product.column_stride + k, product.column_stride, panel + k * kColumns + n);
      }
    }
  } else if (columns == kColumns && product.column_stride == 1) {
    for (; k < depth; ++k) {
      for (std::int64_t n = 0; n < kColumns; n += kLanes) {
        store(panel + k * kColumns + n, load(weight + k * product.depth_stride + n));
      }
    }
  }
  for (; k < depth; ++k) {
    for (std::int64_t n = 0; n < kColumns; ++n) {
      panel[k * kColumns + n] = n < columns ? weight[n * product.column_stride + k * product.depth_stride] : 0;
    }
  }
}

/// sums[r] += x[r]·panel, or = for the first.
template <std::int64_t kRows>
__attribute__((noinline)) void add_tile(const float* x, std::int64_t x_stride, const float* panel, std::int64_t depth,
                                        float* sums, std::int64_t stride, bool first) {
  Vector sum[kRows][kVectors];
  for (std::int64_t r = 0; r < kRows; ++r) {
    for (std::int64_t v = 0; v < kVectors; ++v) sum[r][v] = first ? Vector{} : load(sums + r * stride + v * kLanes);
  }
  for (std::int64_t k = 0; k < depth; ++k) {
    Vector column[kVectors];
#pragma GCC unroll 8
    for (std::int64_t v = 0; v < kVectors; ++v) column[v] = load(panel + k * kColumns + v * kLanes);
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

template <std::int64_t kRows>
void add_last_tile(std::int64_t rows, const float* x, std::int64_t x_stride, const float* panel, std::int64_t depth,
                   float* sums, std::int64_t stride, bool first) {
  if (rows == kRows) return add_tile<kRows>(x, x_stride, panel, depth, sums, stride, first);
  if constexpr (kRows > 1) add_last_tile<kRows - 1>(rows, x, x_stride, panel, depth, sums, stride, first);
}

/// σ(x) within 3e-7.
PIPIT_INLINE Vector sigmoid(Vector x) {
  Vector t = x * -1.44269504f;
  t = t > 126.0f ? Vector{} + 126.0f : t;
  t = t < -126.0f ? Vector{} - 126.0f : t;
  // What is added takes the fraction's bits away, so that the number is rounded.
  const Vector whole = (t + 12582912.0f) - 12582912.0f;
  const Vector part = t - whole;
  Vector power = part * 1.54035304e-4f + 1.33335581e-3f;  // Taylor's series of 2^part
  power = power * part + 9.61812911e-3f;
  power = power * part + 5.55041087e-2f;
  power = power * part + 2.40226507e-1f;
  power = power * part + 6.93147181e-1f;
  power = power * part + 1.0f;
  const Integers bits = (__builtin_convertvector(whole, Integers) + 127) << 23;
  return 1.0f / (1.0f + power * reinterpret_cast<Vector>(bits));
}

PIPIT_INLINE Vector finished(Vector sum, const RowProduct& product, const float* bias, const float* residual) {
  if (bias != nullptr) sum += load(bias);
  if (product.silu) sum *= sigmoid(sum);
  return residual != nullptr ? load(residual) + sum * product.scale : sum;
}

/// What follows the sums of one row, from column `start` on.
PIPIT_INLINE void finish(const RowProduct& product, std::int64_t row, std::int64_t start, const float* sums) {
  const std::int64_t at = row * product.columns + start;
#pragma GCC unroll 8
  for (std::int64_t n = 0; n < kColumns; n += kLanes) {
    store(product.y + at + n, finished(load(sums + n), product, product.bias ? product.bias + start + n : nullptr,
                                       product.residual ? product.residual + at + n : nullptr));
  }
}

/// The same of a panel with fewer columns, through memory that has room for all.
void finish_some(const RowProduct& product, std::int64_t row, std::int64_t start, std::int64_t columns, float* sums) {
  const std::int64_t at = row * product.columns + start;
  float bias[kColumns] = {};
  float residual[kColumns] = {};
  for (std::int64_t n = 0; n < columns; ++n) {
    if (product.bias != nullptr) bias[n] = product.bias[start + n];
    if (product.residual != nullptr) residual[n] = product.residual[at + n];
  }
  for (std::int64_t n = 0; n < kColumns; n += kLanes) {
    store(sums + n, finished(load(sums + n), product, product.bias ? bias + n : nullptr,
                             product.residual ? residual + n : nullptr));
  }
  for (std::int64_t n = 0; n < columns; ++n) product.y[at + n] = sums[n];
}

void run(const RowProduct& product, const RowProductTask& task) {
  const std::int64_t left = product.columns - task.column;
  const std::int64_t columns = left < kColumns ? left : kColumns;
  // A whole panel's sums are gathered where the result will be; the residual is never there.
  const bool in_place = columns == kColumns;
  const std::int64_t stride = in_place ? product.columns : kColumns;
  float* const sums = in_place ? product.y + task.begin * stride + task.column : task.sums;
  for (std::int64_t k = 0; k < product.depth; k += PIPIT_DEPTH) {
    const std::int64_t rest = product.depth - k;
    const bool last = rest <= PIPIT_DEPTH;
    const std::int64_t depth = last ? rest : PIPIT_DEPTH;
    pack(product.weight + task.column * product.column_stride + k * product.depth_stride, product, columns, depth,
         task.panel);
    for (std::int64_t row = task.begin; row < task.end; row += kTileRows) {
      const std::int64_t rows = task.end - row < kTileRows ? task.end - row : kTileRows;
      float* const tile = sums + (row - task.begin) * stride;
      add_last_tile<kTileRows>(rows, product.x + row * product.depth + k, product.depth, task.panel, depth, tile,
                               stride, k == 0);
      for (std::int64_t r = 0; last && r < rows; ++r) {
        if (in_place) {
          finish(product, row + r, task.column, tile + r * stride);
        } else {
          finish_some(product, row + r, task.column, columns, tile + r * stride);
        }
      }
    }
  }
}

}  // namespace

extern const RowProductKernel PIPIT_KERNEL = {run, kColumns, kTileRows, PIPIT_DEPTH};

}  // namespace pipit::clip
