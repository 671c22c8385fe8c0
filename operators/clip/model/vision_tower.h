// Pictures to features.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "clip/kernels/linear.h"
#include "clip/loading/tensor_reader.h"
#include "clip/model/transformer.h"

namespace pipit::clip {

/// CLIP's vision transformer (openai/CLIP, clip/model.py: VisionTransformer; CLIP4Clip adds 3d patches).
class VisionTower {
 public:
  explicit VisionTower(TensorReader& reader);

  /// `pictures` are uint8 RGB [sum of lengths, resolution, resolution, 3] on the tower's device, the clips one after
  /// another. Returns float32 [sum of lengths, embed_dim], not normalized. Takes memory for a few clips at a time,
  /// however many there are.
  at::Tensor forward(const at::Tensor& pictures, at::IntArrayRef lengths) const;

 private:
  at::Tensor forward_part(const at::Tensor& pictures, at::IntArrayRef lengths) const;
  /// [frames, 1 + patches, width] to [frames, width]: the patches' mean.
  at::Tensor average(const at::Tensor& tokens) const;
  at::Tensor embed_patches(const at::Tensor& pictures, at::IntArrayRef lengths) const;

  at::ScalarType dtype_;
  weights::ClipVariant variant_;
  std::int64_t patch_;
  /// [width, 3·patch·patch] each: one for the frame itself, or three for the one before it, itself and the one after.
  std::vector<Linear> patch_weights_;
  at::Tensor class_token_;  // with its position, [width]
  at::Tensor positions_;    // of the patches
  LayerNorm ln_pre_;
  Transformer transformer_;
  LayerNorm ln_post_;
  Linear proj_;
};

}  // namespace pipit::clip
