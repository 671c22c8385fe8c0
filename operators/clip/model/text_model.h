// Sentences to vectors.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <span>

#include "clip/api.h"
#include "clip/loading/footprint.h"
#include "clip/loading/placement.h"
#include "clip/text/tokenizer.h"
#include "pipit/weights/clip_checkpoint.h"

namespace pipit::clip {

class TextTower;

/// The text side of CLIP and CLIP4Clip. Immutable; safe to use from several threads.
class PIPIT_CLIP_API TextModel {
 public:
  /// The checkpoint must have been resolved with `text`. Weights that need no conversion are used where they lie in the
  /// file.
  TextModel(const weights::ClipCheckpoint& checkpoint, const Placement& placement);
  ~TextModel();

  /// One vector a sentence, float32 [sentences, embed_dim] on the CPU, each of length 1. The sentences are the
  /// Tokenizer's, within the checkpoint's context length. A sentence's vector does not depend on its neighbours. Throws
  /// pipit::Error (`operator_failed`) for numbers that overflowed.
  at::Tensor embed(std::span<const Sentence> sentences) const;
  /// The same of whatever length the model gives them.
  at::Tensor features(std::span<const Sentence> sentences) const;

  const Footprint& footprint() const { return footprint_; }

 private:
  Footprint footprint_;
  std::unique_ptr<const TextTower> tower_;
};

}  // namespace pipit::clip
