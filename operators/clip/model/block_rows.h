// Blocks computed row by row on the CPU, with the kernels of this project.
#pragma once

#include <ATen/Parallel.h>
#include <c10/util/ArrayRef.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "clip/model/block.h"

namespace pipit::clip {

/// Some sequences on their way through the blocks, one after another in [sum of lengths, width]. A row's result depends
/// on its sequence alone, to the bit. What lies between two products is in memory that the thread keeps, so that
/// nothing is allocated once it has grown; so a thread has one of these at a time.
class BlockRows {
 public:
  /// Whether the blocks can be computed so: in float32 or few bits, on the CPU.
  static bool take(const std::vector<Block>& blocks);

  BlockRows(const TransformerOptions& options, const std::vector<Block>& blocks, at::IntArrayRef lengths);

  /// All rows; the results replace them.
  void forward(float* x) const;

  /// Only one row of each sequence, [sequences, width], into `result`: `rows` are their positions in `x`, which is used
  /// up. The last block computes nothing for the others. In a causal transformer each must be the last of its sequence.
  void forward_rows(float* x, at::IntArrayRef rows, float* result) const;

 private:
  void forward_block(const Block& block, float* x) const;
  void add_feed_forward(const Block& block, float* x, std::int64_t rows) const;
  /// `query` and `key` lie at the first row's; the values lie behind the keys. The result is in narrow_.
  void attend(const float* query, std::int64_t query_stride, const float* key, std::int64_t key_stride,
              bool all_queries) const;
  Operand normalized(const LayerNorm& norm, const float* x, std::int64_t rows, const Linear& next) const;
  Operand operand(const float* values, std::int64_t rows, std::int64_t size, const Linear& next) const;
  void quantize(const float* row, std::int64_t i, std::int64_t size, const CodedWeight& weight) const;

  const TransformerOptions& options_;
  const std::vector<Block>& blocks_;
  at::IntArrayRef lengths_;
  std::int64_t rows_ = 0;
  std::int64_t width_ = 0;
  float* narrow_ = nullptr;  // [rows, width]
  float* wide_ = nullptr;    // [rows, 3·width, or what the feed-forward part has]
  std::uint8_t* codes_ = nullptr;
  RowScale* scales_ = nullptr;
  float* group_sums_ = nullptr;
  std::int64_t* starts_ = nullptr;  // the sequences' first rows
};

/// Calls `run(first, end)` for sequences [first, end), each in one call: on all of LibTorch's threads at once where
/// they can be divided evenly, else on this one, whose products are then divided.
template <class Run>
void divide_sequences(at::IntArrayRef lengths, const Run& run) {
  constexpr std::int64_t kRowsWorthAThread = 32;
  constexpr std::int64_t kUnevenness = 8;  // an eighth more than its share for a thread at most
  std::int64_t rows = 0;
  for (const std::int64_t length : lengths) rows += length;
  const std::int64_t parts = at::in_parallel_region() ? 1 : at::get_num_threads();
  // Where part i begins: at the first sequence whose middle lies in its share of the rows.
  const auto begin_of = [&](std::int64_t part, std::int64_t& row) {
    std::size_t sequence = 0;
    row = 0;
    while (sequence < lengths.size() && (2 * row + lengths[sequence]) * parts < 2 * part * rows) {
      row += lengths[sequence++];
    }
    return sequence;
  };
  std::int64_t most = 0;
  for (std::int64_t part = 0, from = 0, to = 0; part < parts; ++part, from = to) {
    begin_of(part + 1, to);
    most = std::max(most, to - from);
  }
  const bool even = most * parts * kUnevenness <= rows * (kUnevenness + 1);
  if (parts == 1 || !even || rows < parts * kRowsWorthAThread) return run(std::size_t{0}, lengths.size());
  at::parallel_for(0, parts, 1, [&](std::int64_t first, std::int64_t end) {
    for (std::int64_t part = first; part < end; ++part) {
      std::int64_t row = 0;
      const std::size_t from = begin_of(part, row);
      const std::size_t to = begin_of(part + 1, row);
      if (from < to) run(from, to);
    }
  });
}

}  // namespace pipit::clip
