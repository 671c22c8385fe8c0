// The kernels as they are compiled for one set of instructions.
#pragma once

#include <cstdint>

#include "clip/kernels/attention.h"
#include "clip/kernels/code_product.h"
#include "clip/kernels/row_product.h"

namespace pipit::clip {

// Nothing here may have inline functions: the units that include it are compiled for different processors, and the
// linker would take one unit's copy for the whole library.

/// The rows [begin, end) of the columns from `column` on, as many as the kernel takes at a time.
struct PanelTask {
  std::int64_t column;
  std::int64_t begin, end;
  void* memory;  // aligned as cache lines are, room for what the kernel set says
};

struct KernelSet {
  const char* name;

  /// float32.
  void (*multiply_rows)(const RowProduct& product, const PanelTask& task);
  std::int64_t row_columns;  // of a panel
  std::int64_t row_tile;     // rows at a time
  std::int64_t (*row_panel_bytes)(std::int64_t rows);

  /// Rows in codes. `levels` is the greatest code: without instructions that add products of bytes in 32 bits they are
  /// added up in pairs of 16, which 8-bit codes would overflow and 7-bit codes do not.
  int levels;
  void (*multiply_codes)(const CodeProduct& product, const PanelTask& task);
  std::int64_t code_columns;  // of a panel; a multiple of kBlockOutputs
  std::int64_t (*code_panel_bytes)(const CodedWeight& weight);

  /// Codes 0..`levels` from the row's smallest number to its greatest. A row with a number that is not finite gets a
  /// scale that is none, so that no result of it can pass for one.
  RowScale (*quantize_row)(const float* row, std::int64_t size, std::uint8_t* codes);
  /// y = (x - mean) / sqrt(variance + epsilon) * weight + bias.
  void (*normalize_row)(const float* x, std::int64_t size, const float* weight, const float* bias, float epsilon,
                        float* y);
  void (*attend)(const Attention& attention, float* memory);
  /// Floats that `attend` needs for so many keys of one size.
  std::int64_t (*attention_memory)(std::int64_t keys, std::int64_t size);
};

}  // namespace pipit::clip
