// Matrix products of float32 whose every row is computed by itself: its sums are formed in one order, whatever rows are
// beside it and however many threads there are.
#pragma once

#include <cstdint>

#include "clip/kernels/product_end.h"

namespace pipit::clip {

/// x·W and what becomes of it. Rows of x are dense; y is neither x nor the residual.
struct RowProduct {
  const float* x = nullptr;       // [rows, depth]
  const float* weight = nullptr;  // W[k][n] lies at n·column_stride + k·depth_stride
  std::int64_t rows = 0, depth = 0;
  std::int64_t column_stride = 0, depth_stride = 0;
  ProductEnd end;
};

}  // namespace pipit::clip
