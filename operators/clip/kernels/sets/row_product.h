// A RowProduct. W is packed a panel of kColumns columns at a time and multiplied with kTileRows rows at a time, whose
// sums stay in registers. Needs PIPIT_DEPTH, of a packed panel at most.
#pragma once

#include "clip/kernels/kernel_set.h"
#include "clip/kernels/sets/finish.h"
#include "clip/kernels/sets/tile.h"

namespace pipit::clip {
namespace {

/// A packed panel, and sums that cannot be gathered where the result will be.
std::int64_t row_panel_bytes(std::int64_t rows) {
  return kColumns * (PIPIT_DEPTH + rows) * 4;
}

void multiply_rows_panel(const RowProduct& product, const PanelTask& task) {
  const ProductEnd& end = product.end;
  const std::int64_t left = end.columns - task.column;
  const std::int64_t columns = left < kColumns ? left : kColumns;
  const Strides strides = {product.column_stride, product.depth_stride};
  auto* const panel = static_cast<float*>(task.memory);
  // Sums of a product in one piece are finished while they are in the cache. Those of several are gathered where the
  // result will be, unless it is read as the residual or its columns are fewer than a panel's.
  const bool in_place = columns == kColumns && end.residual != end.y;
  const std::int64_t stride = in_place ? end.columns : kColumns;
  float* const sums = in_place ? end.y + task.begin * stride + task.column : panel + kColumns * PIPIT_DEPTH;
  for (std::int64_t k = 0; k < product.depth; k += PIPIT_DEPTH) {
    const std::int64_t rest = product.depth - k;
    const bool last = rest <= PIPIT_DEPTH;
    const std::int64_t depth = last ? rest : PIPIT_DEPTH;
    pack(product.weight + task.column * strides.column + k * strides.depth, strides, columns, depth, panel);
    for (std::int64_t row = task.begin; row < task.end; row += kTileRows) {
      const std::int64_t rows = task.end - row < kTileRows ? task.end - row : kTileRows;
      float* const tile = sums + (row - task.begin) * stride;
      add_rows(rows, {product.x + row * product.depth + k, product.depth, panel, kColumns, depth, tile, stride},
               k == 0);
      for (std::int64_t r = 0; last && r < rows; ++r) {
        finish(end, row + r, task.column, columns, tile + r * stride);
      }
    }
  }
}

}  // namespace
}  // namespace pipit::clip
