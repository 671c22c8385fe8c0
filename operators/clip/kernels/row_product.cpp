#include "clip/kernels/row_product.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>

#include "clip/kernels/row_product_task.h"

namespace pipit::clip {
namespace {

// Multiplications that are worth another thread: waking one takes microseconds.
constexpr std::int64_t kWorthAThread = 1 << 20;

const RowProductKernel& best_kernel() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw")) {
    return kAvx512RowProduct;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return kAvx2RowProduct;
#endif
  return kPlainRowProduct;
}

struct Free {
  void operator()(float* memory) const { std::free(memory); }
};
using Floats = std::unique_ptr<float[], Free>;

Floats allocate(std::int64_t size) {
  constexpr std::size_t kCacheLine = 64;
  const std::size_t bytes = (static_cast<std::size_t>(size) * sizeof(float) + kCacheLine - 1) / kCacheLine * kCacheLine;
  void* const memory = std::aligned_alloc(kCacheLine, bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return Floats(static_cast<float*>(memory));
}

/// A thread's own, kept: a few hundred kilobytes.
float* panel_memory(const RowProductKernel& kernel) {
  thread_local Floats memory = allocate(kernel.columns * kernel.depth);
  return memory.get();
}

}  // namespace

void multiply_rows(const RowProduct& product) {
  static const RowProductKernel& kernel = best_kernel();
  if (product.rows == 0) return;
  const std::int64_t panels = (product.columns + kernel.columns - 1) / kernel.columns;
  // Each thread packs the panels that it multiplies with. Where there are fewer panels than threads, rows are divided
  // too, a whole number of tiles each.
  const std::int64_t tiles = (product.rows + kernel.rows - 1) / kernel.rows;
  const std::int64_t wanted = (at::get_num_threads() + panels - 1) / panels;
  const std::int64_t parts = std::clamp<std::int64_t>(tiles / 8, 1, wanted);
  const std::int64_t rows_each = (tiles + parts - 1) / parts * kernel.rows;
  const std::int64_t work = std::max<std::int64_t>(rows_each * product.depth * kernel.columns, 1);
  const std::int64_t grain = std::max<std::int64_t>(kWorthAThread / work, 1);
  at::parallel_for(0, panels * parts, grain, [&](std::int64_t first, std::int64_t end) {
    for (std::int64_t i = first; i < end; ++i) {
      const std::int64_t begin = i / panels * rows_each;
      if (begin >= product.rows) break;
      RowProductTask task{i % panels * kernel.columns, begin, std::min(begin + rows_each, product.rows),
                          panel_memory(kernel), nullptr};
      Floats sums;
      if (product.columns - task.column < kernel.columns) {
        sums = allocate((task.end - task.begin) * kernel.columns);
        task.sums = sums.get();
      }
      kernel.run(product, task);
    }
  });
}

}  // namespace pipit::clip
