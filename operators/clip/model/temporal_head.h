// What CLIP4Clip computes over the frames of a clip, and how it makes one vector of them.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "clip/loading/tensor_reader.h"
#include "clip/model/pooling.h"
#include "clip/model/transformer.h"

namespace pipit::clip {

/// The "similarity header" of a checkpoint (CLIP4Clip, modules/modeling.py: _loose_similarity), or MMAction2's adapter
/// (mmaction/models/similarity/adapters.py), whose mean is always the plain one.
class TemporalHead {
 public:
  /// `reader` must read float32: the head is small, and the original computes it so whatever the towers' type.
  explicit TemporalHead(TensorReader& reader);

  /// `features` are float32 [sum of lengths, embed_dim], the clips one after another, not normalized; no length is 0.
  /// Returns [clips, embed_dim], normalized. Throws pipit::Error (`item_too_large`) for a clip with more frames than
  /// the head has positions.
  at::Tensor forward(const at::Tensor& features, at::IntArrayRef lengths, Pooling pooling) const;

 private:
  at::Tensor relate(const at::Tensor& features, at::IntArrayRef lengths) const;
  /// seqLSTM's output for the frames of one clip.
  at::Tensor remember(const at::Tensor& frames) const;
  at::Tensor attend(const at::Tensor& features, at::IntArrayRef lengths) const;

  weights::Head head_;
  std::vector<at::Tensor> lstm_;  // input, hidden, and their biases
  at::Tensor frame_positions_;
  std::optional<Transformer> transformer_;
};

}  // namespace pipit::clip
