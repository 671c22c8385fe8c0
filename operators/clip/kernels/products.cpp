#include "clip/kernels/products.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>

#include "clip/kernels/scratch.h"

namespace pipit::clip {
namespace {

struct Panels {
  std::int64_t columns, panel;  // of the product, and of a panel
  std::int64_t rows, tile;      // of the product, and at a time
  std::int64_t work_a_row;      // of a panel, in multiplications of floats
  std::int64_t bytes;           // that a task needs
};

/// Calls `run(task)` for every panel; each thread has memory of its own. Where there are fewer panels than threads,
/// rows are divided too, a whole number of tiles each.
template <class Run>
void divide(const Panels& of, const Run& run) {
  // Multiplications that are worth another thread: waking one takes microseconds.
  constexpr std::int64_t kWorthAThread = 1 << 20;
  constexpr std::int64_t kTilesAPart = 8;
  const std::int64_t panels = (of.columns + of.panel - 1) / of.panel;
  const std::int64_t tiles = (of.rows + of.tile - 1) / of.tile;
  const std::int64_t threads = at::in_parallel_region() ? 1 : at::get_num_threads();
  const std::int64_t wanted = (threads + panels - 1) / panels;
  const std::int64_t parts = std::clamp<std::int64_t>(tiles / kTilesAPart, 1, wanted);
  const std::int64_t rows_each = (tiles + parts - 1) / parts * of.tile;
  const std::int64_t grain = std::max<std::int64_t>(kWorthAThread / (rows_each * of.work_a_row + 1), 1);
  at::parallel_for(0, panels * parts, grain, [&](std::int64_t first, std::int64_t end) {
    thread_local Scratch memory;
    for (std::int64_t i = first; i < end; ++i) {
      const std::int64_t begin = i / panels * rows_each;
      if (begin >= of.rows) break;
      run(PanelTask{i % panels * of.panel, begin, std::min(begin + rows_each, of.rows),
                    memory.bytes(static_cast<std::size_t>(of.bytes))});
    }
  });
}

}  // namespace

void multiply_rows(const RowProduct& product, const KernelSet& set) {
  if (product.rows == 0) return;
  const Panels panels = {.columns = product.end.columns,
                         .panel = set.row_columns,
                         .rows = product.rows,
                         .tile = set.row_tile,
                         .work_a_row = product.depth * set.row_columns,
                         .bytes = set.row_panel_bytes(product.rows)};
  divide(panels, [&](const PanelTask& task) { set.multiply_rows(product, task); });
}

void multiply_codes(const CodeProduct& product, const KernelSet& set) {
  if (product.rows == 0) return;
  constexpr std::int64_t kTimesAsFast = 4;
  const Panels panels = {.columns = product.weight.outputs,
                         .panel = set.code_columns,
                         .rows = product.rows,
                         .tile = set.row_tile,
                         .work_a_row = product.weight.depth * set.code_columns / kTimesAsFast,
                         .bytes = set.code_panel_bytes(product.weight)};
  divide(panels, [&](const PanelTask& task) { set.multiply_codes(product, task); });
}

}  // namespace pipit::clip
