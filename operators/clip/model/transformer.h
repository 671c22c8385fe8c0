// The residual attention blocks that every tower of CLIP is made of.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "clip/kernels/linear.h"
#include "clip/loading/tensor_reader.h"

namespace pipit::clip {

/// Layer normalization over the last dimension.
struct LayerNorm {
  at::Tensor weight;
  at::Tensor bias;
  double eps = 1e-5;

  LayerNorm(TensorReader& reader, const std::string& prefix, double epsilon = 1e-5);
  at::Tensor operator()(const at::Tensor& x) const;
};

enum class TransformerResult { kAllRows, kOneRowPerSequence };

struct TransformerOptions {
  std::string prefix;  // "visual.transformer.": blocks are <prefix>resblocks.0 and on
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  weights::Activation activation = weights::Activation::kQuickGelu;
  bool causal = false;
  double eps = 1e-5;
  TransformerResult result = TransformerResult::kAllRows;  // which of the two forwards will be called
};

/// A stack of pre-norm blocks (openai/CLIP, clip/model.py: ResidualAttentionBlock).
///
/// It takes sequences of different lengths without padding: `x` is [sum of lengths, width], row after row, and
/// everything but attention sees rows alone. Neighbours of one length are attended to in one call, so sort them if
/// order is free.
class Transformer {
 public:
  Transformer(TensorReader& reader, const TransformerOptions& options);

  /// All rows, [sum of lengths, width].
  at::Tensor forward(const at::Tensor& x, at::IntArrayRef lengths) const;

  /// Only one row of each sequence, [sequences, width]: `rows` are their positions in `x`. The last block computes
  /// nothing for the others. In a causal transformer each must be the last of its sequence.
  at::Tensor forward_rows(const at::Tensor& x, at::IntArrayRef lengths, const at::Tensor& rows) const;

 private:
  struct Block {
    LayerNorm ln_1;
    std::vector<Linear> in_proj;  // query, key and value in one product; or the query, then key and value
    Linear out_proj;
    LayerNorm ln_2;
    Linear c_fc;
    Linear c_proj;

    Block(TensorReader& reader, const std::string& prefix, const TransformerOptions& options, bool last);
  };

  enum class Queries { kAll, kOnePerSequence };
  at::Tensor attend(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, at::IntArrayRef lengths,
                    Queries queries) const;
  void add_feed_forward(const Block& block, at::Tensor& x) const;
  at::Tensor forward_block(const Block& block, at::Tensor x, at::IntArrayRef lengths) const;

  TransformerOptions options_;
  std::vector<Block> blocks_;
};

}  // namespace pipit::clip
