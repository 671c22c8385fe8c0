// What row_product.cpp asks of the kernels that are compiled for different processors.
#pragma once

#include <cstdint>

#include "clip/kernels/row_product.h"

namespace pipit::clip {

/// The rows [begin, end) of the columns from `column` on, as many as the kernel takes at a time.
struct RowProductTask {
  std::int64_t column;
  std::int64_t begin, end;
  float* panel;  // room for depth × columns
  float* sums;   // room for (end − begin) × columns, where the product has fewer columns left
};

struct RowProductKernel {
  void (*run)(const RowProduct& product, const RowProductTask& task);
  std::int64_t columns;
  std::int64_t rows;   // at a time
  std::int64_t depth;  // of a packed panel, at most
};

extern const RowProductKernel kPlainRowProduct;
#ifdef __x86_64__
extern const RowProductKernel kAvx2RowProduct;
extern const RowProductKernel kAvx512RowProduct;
#endif

}  // namespace pipit::clip
