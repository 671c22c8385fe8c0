// Token ids to features.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>

#include "clip/loading/tensor_reader.h"
#include "clip/model/transformer.h"
#include "clip/text/tokenizer.h"

namespace pipit::clip {

/// CLIP's text transformer (openai/CLIP, clip/model.py: CLIP.encode_text). Its attention is causal and the feature is
/// read at the first end of text, so nothing after that is computed; sentences of different lengths need no padding. A
/// variant's may look further, and then every sentence is padded with zeros to the context (open_clip, transformer.py:
/// TextTransformer).
class TextTower {
 public:
  explicit TextTower(TensorReader& reader);

  /// Each sentence holds an end of text, within the context length. Returns float32 [sentences, embed_dim], not
  /// normalized.
  at::Tensor forward(std::span<const Sentence> sentences) const;

 private:
  /// Whether positions behind the end of a text matter.
  bool padded() const { return !variant_.causal || variant_.text_pool == weights::TextPool::kLast; }

  weights::ClipVariant variant_;
  at::Tensor token_embedding_;
  at::Tensor positions_;
  Transformer transformer_;
  LayerNorm ln_final_;
  Linear projection_;
};

}  // namespace pipit::clip
