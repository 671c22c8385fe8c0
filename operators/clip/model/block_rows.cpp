#include "clip/model/block_rows.h"

#include <ATen/ATen.h>

#include <cmath>

#include "clip/kernels/instructions.h"
#include "clip/kernels/scratch.h"

namespace pipit::clip {
namespace {

constexpr std::int64_t kRowsATask = 16;

/// Pieces of one piece of memory.
class Pieces {
 public:
  template <class T>
  std::size_t add(std::int64_t count) {
    constexpr std::size_t kCacheLine = 64;
    const std::size_t at = size_;
    size_ += (static_cast<std::size_t>(count) * sizeof(T) + kCacheLine - 1) / kCacheLine * kCacheLine;
    return at;
  }
  std::size_t size() const { return size_; }

 private:
  std::size_t size_ = 0;
};

bool takes_rows(const Linear& linear) {
  return linear.packed || (linear.weight.is_cpu() && linear.weight.scalar_type() == at::kFloat);
}

}  // namespace

bool BlockRows::take(const std::vector<Block>& blocks) {
  return std::ranges::all_of(blocks, [](const Block& block) { return takes_rows(block.c_fc); });
}

BlockRows::BlockRows(const TransformerOptions& options, const std::vector<Block>& blocks, at::IntArrayRef lengths)
    : options_(options), blocks_(blocks), lengths_(lengths) {
  const Block& block = blocks.front();
  for (const std::int64_t length : lengths) rows_ += length;
  width_ = block.ln_1.weight.size(0);
  const std::int64_t inner = std::max(block.c_proj.inputs(), block.out_proj.inputs());
  Pieces pieces;
  const std::size_t narrow = pieces.add<float>(rows_ * width_);
  const std::size_t wide = pieces.add<float>(rows_ * std::max(3 * width_, inner));
  const std::size_t codes = pieces.add<std::uint8_t>(rows_ * inner);
  const std::size_t scales = pieces.add<RowScale>(rows_);
  const std::size_t group_sums = pieces.add<float>(rows_ * (inner / kGroup));
  const std::size_t starts = pieces.add<std::int64_t>(static_cast<std::int64_t>(lengths.size()));
  thread_local Scratch scratch;
  auto* const memory = static_cast<std::byte*>(scratch.bytes(pieces.size()));
  narrow_ = reinterpret_cast<float*>(memory + narrow);
  wide_ = reinterpret_cast<float*>(memory + wide);
  codes_ = reinterpret_cast<std::uint8_t*>(memory + codes);
  scales_ = reinterpret_cast<RowScale*>(memory + scales);
  group_sums_ = reinterpret_cast<float*>(memory + group_sums);
  starts_ = reinterpret_cast<std::int64_t*>(memory + starts);
  std::int64_t start = 0;
  for (std::size_t i = 0; i < lengths.size(); start += lengths[i++]) starts_[i] = start;
}

/// Codes of row `i`, with zeros up to the depth of the weight.
void BlockRows::quantize(const float* row, std::int64_t i, std::int64_t size, const CodedWeight& weight) const {
  std::uint8_t* const codes = codes_ + i * weight.depth;
  scales_[i] = kernels().quantize_row(row, size, codes);
  std::fill(codes + size, codes + weight.depth, std::uint8_t{0});
  if (weight.bits == 8) return;
  const std::int64_t groups = weight.depth / kGroup;
  for (std::int64_t group = 0; group < groups; ++group) {
    std::int32_t sum = 0;
    for (std::int64_t k = 0; k < kGroup; ++k) sum += codes[group * kGroup + k];
    group_sums_[i * groups + group] = static_cast<float>(sum);
  }
}

Operand BlockRows::operand(const float* values, std::int64_t rows, std::int64_t size, const Linear& next) const {
  if (!next.packed) return {.rows = rows, .values = values};
  at::parallel_for(0, rows, kRowsATask, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) quantize(values + i * size, i, size, next.packed->view());
  });
  return {.rows = rows, .codes = codes_, .scales = scales_, .group_sums = group_sums_};
}

Operand BlockRows::normalized(const LayerNorm& norm, const float* x, std::int64_t rows, const Linear& next) const {
  at::parallel_for(0, rows, kRowsATask, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      float* const row = narrow_ + i * width_;
      norm.apply(x + i * width_, row);
      // While the row is in the nearest cache.
      if (next.packed) quantize(row, i, width_, next.packed->view());
    }
  });
  if (!next.packed) return {.rows = rows, .values = narrow_};
  return {.rows = rows, .codes = codes_, .scales = scales_, .group_sums = group_sums_};
}

void BlockRows::attend(const float* query, std::int64_t query_stride, const float* key, std::int64_t key_stride,
                       bool all_queries) const {
  const KernelSet& set = kernels();
  const std::int64_t size = width_ / options_.heads;
  const auto sequences = static_cast<std::int64_t>(lengths_.size());
  at::parallel_for(0, sequences * options_.heads, 1, [&](std::int64_t begin, std::int64_t end) {
    thread_local Scratch scratch;
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t sequence = i / options_.heads;
      const std::int64_t column = i % options_.heads * size;
      const std::int64_t length = lengths_[static_cast<std::size_t>(sequence)];
      const std::int64_t start = starts_[sequence];
      const std::int64_t first = all_queries ? start : sequence;
      const float* const keys = key + start * key_stride + column;
      set.attend({.query = query + first * query_stride + column,
                  .key = keys,
                  .value = keys + width_,
                  .result = narrow_ + first * width_ + column,
                  .query_stride = query_stride,
                  .key_stride = key_stride,
                  .result_stride = width_,
                  .queries = all_queries ? length : 1,
                  .keys = length,
                  .size = size,
                  .scale = 1 / std::sqrt(static_cast<float>(size)),
                  .causal = options_.causal && all_queries},
                 scratch.floats(static_cast<std::size_t>(set.attention_memory(length, size))));
    }
  });
}

void BlockRows::add_feed_forward(const Block& block, float* x, std::int64_t rows) const {
  const FeedForwardEnd& end = block.feed_forward;
  block.c_fc.multiply(normalized(block.ln_2, x, rows, block.c_fc), {.y = wide_, .then = end.then});
  block.c_proj.multiply(operand(wide_, rows, block.c_fc.outputs(), block.c_proj),
                        {.residual = x, .y = x, .scale = end.scale});
}

void BlockRows::forward_block(const Block& block, float* x) const {
  const Linear& in_proj = block.in_proj.front();
  in_proj.multiply(normalized(block.ln_1, x, rows_, in_proj), {.y = wide_});
  attend(wide_, 3 * width_, wide_ + width_, 3 * width_, true);
  block.out_proj.multiply(operand(narrow_, rows_, width_, block.out_proj), {.residual = x, .y = x});
  add_feed_forward(block, x, rows_);
}

void BlockRows::forward(float* x) const {
  for (const Block& block : blocks_) forward_block(block, x);
}

void BlockRows::forward_rows(float* x, at::IntArrayRef rows, float* result) const {
  for (std::size_t layer = 0; layer + 1 < blocks_.size(); ++layer) forward_block(blocks_[layer], x);
  const Block& last = blocks_.back();
  const auto count = static_cast<std::int64_t>(rows.size());
  for (std::int64_t i = 0; i < count; ++i) {
    std::copy_n(x + rows[static_cast<std::size_t>(i)] * width_, width_, result + i * width_);
  }
  // Keys and values of all rows, then the few queries behind them.
  last.in_proj[1].multiply(normalized(last.ln_1, x, rows_, last.in_proj[1]), {.y = wide_});
  float* const query = wide_ + rows_ * 2 * width_;
  last.in_proj[0].multiply(normalized(last.ln_1, result, count, last.in_proj[0]), {.y = query});
  attend(query, width_, wide_, 2 * width_, false);
  last.out_proj.multiply(operand(narrow_, count, width_, last.out_proj), {.residual = result, .y = result});
  add_feed_forward(last, result, count);
}

}  // namespace pipit::clip
