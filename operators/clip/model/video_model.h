// Clips to vectors.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "clip/api.h"
#include "clip/loading/footprint.h"
#include "clip/loading/placement.h"
#include "clip/model/pooling.h"
#include "pipit/weights/clip_checkpoint.h"

namespace pipit::clip {

class TemporalHead;
class VisionTower;

/// The video side of CLIP4Clip: the vision tower, and the head over the frames if the checkpoint has one.
/// Immutable; safe to use from several threads.
class PIPIT_CLIP_API VideoModel {
 public:
  /// The checkpoint must have been resolved with `vision`. Weights that need no conversion are used where they lie in
  /// the file.
  VideoModel(const weights::ClipCheckpoint& checkpoint, const Placement& placement);
  ~VideoModel();

  /// One vector a clip. `pictures` are uint8 RGB [sum of lengths, resolution, resolution, 3] on the CPU
  /// (resize_and_crop makes them), the clips one after another; `lengths` are their numbers of frames, none of them 0.
  /// Returns float32 [clips, embed_dim] on the CPU, each of length 1. A clip's vector does not depend on its
  /// neighbours. Throws pipit::Error: `item_too_large` for more frames than the head takes, `operator_failed` for
  /// numbers that overflowed.
  at::Tensor embed(const at::Tensor& pictures, at::IntArrayRef lengths, Pooling pooling) const;

  /// One vector a picture, of whatever length the model gives it: a clip's before its head and pooling.
  at::Tensor features(const at::Tensor& pictures) const;

  /// The rest of the way: what embed() gives for clips whose frames have these features, float32 [sum of lengths,
  /// embed_dim]. The patches must be 2d; in 3d ones a frame's neighbours are in its feature.
  at::Tensor pool(const at::Tensor& features, at::IntArrayRef lengths, Pooling pooling) const;

  const Footprint& footprint() const { return footprint_; }

 private:
  c10::Device device_;
  Footprint footprint_;
  std::unique_ptr<const VisionTower> tower_;
  std::unique_ptr<const TemporalHead> head_;
};

}  // namespace pipit::clip
