// Residual attention blocks, one after another.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "clip/loading/tensor_reader.h"
#include "clip/model/block.h"
#include "clip/model/block_rows.h"

namespace pipit::clip {

/// A stack of pre-norm blocks (openai/CLIP, clip/model.py: Transformer).
///
/// It takes sequences of different lengths without padding: `x` is [sum of lengths, width], row after row, and
/// everything but attention sees rows alone. Neighbours of one length are attended to in one call, so sort them if
/// order is free.
class Transformer {
 public:
  Transformer(TensorReader& reader, const TransformerOptions& options);

  /// All rows, [sum of lengths, width]. `x` may be used up.
  at::Tensor forward(at::Tensor x, at::IntArrayRef lengths) const;

  /// Only one row of each sequence, [sequences, width]: `rows` are their positions in `x`. The last block computes
  /// little for the others. In a causal transformer with by_rows() each must be the last of its sequence; elsewhere one
  /// that is not costs the last block's attention for all. `x` may be used up.
  at::Tensor forward_rows(at::Tensor x, at::IntArrayRef lengths, at::IntArrayRef rows) const;

  /// Whether rows() can be had, which the forwards then compute with.
  bool by_rows() const { return by_rows_; }
  /// For a caller that divides its work among threads itself.
  BlockRows rows(at::IntArrayRef lengths) const { return {options_, blocks_, lengths}; }

 private:
  enum class Queries { kAll, kOnePerSequence };
  at::Tensor attend(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, at::IntArrayRef lengths,
                    Queries queries) const;
  void add_feed_forward(const Block& block, at::Tensor& x) const;
  at::Tensor forward_block(const Block& block, at::Tensor x, at::IntArrayRef lengths) const;

  TransformerOptions options_;
  std::vector<Block> blocks_;
  bool by_rows_ = false;
};

}  // namespace pipit::clip
