// The residual attention block that every tower of CLIP is made of.
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
  /// Of one row on the CPU, in float32.
  void apply(const float* x, float* y) const;
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

/// What x·σ(1.702x) is computed with: as silu(1.702x)/1.702, which a product can end in. Going in, the factor is put
/// into what is small (the norm and the biases); coming out, it is taken off as the residual is added.
struct FeedForwardEnd {
  Then then = Then::kGelu;
  float scale = 1;  // of what is added to the residual
};

/// openai/CLIP, clip/model.py: ResidualAttentionBlock.
struct Block {
  LayerNorm ln_1;
  std::vector<Linear> in_proj;  // query, key and value in one product; or the query, then key and value
  Linear out_proj;
  LayerNorm ln_2;
  Linear c_fc;
  Linear c_proj;
  FeedForwardEnd feed_forward;

  /// `last` in its stack.
  Block(TensorReader& reader, const std::string& prefix, const TransformerOptions& options, bool last);
};

}  // namespace pipit::clip
