// Matrix products of float32 whose every row is computed by itself: its sums are formed in one order, whatever rows are
// beside it and however many threads there are.
#pragma once

#include <cstdint>

#include "clip/api.h"

namespace pipit::clip {

/// y = x·W + bias, y = silu(x·W + bias), or y = residual + scale·(x·W + bias). Rows of x, y and residual are dense.
struct RowProduct {
  const float* x;         // [rows, depth]
  const float* weight;    // W[k][n] lies at n·column_stride + k·depth_stride
  const float* bias;      // [columns], or null
  const float* residual;  // [rows, columns], or null
  float* y;               // [rows, columns]
  std::int64_t rows, depth, columns;
  std::int64_t column_stride, depth_stride;
  float scale;
  bool silu;
};

/// Each element of x·W is one chain of additions over the depth, in order. Runs on LibTorch's threads.
PIPIT_CLIP_API void multiply_rows(const RowProduct& product);

}  // namespace pipit::clip
