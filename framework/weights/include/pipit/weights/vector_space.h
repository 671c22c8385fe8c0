// Which vectors may be compared: the name of the space that a CLIP's vectors lie in.
#pragma once

#include <optional>
#include <string>

#include "pipit/weights/clip_checkpoint.h"
#include "pipit/weights/conversion_cache.h"
#include "pipit/weights/export.h"

namespace pipit::weights {

/// The architecture, the SHA-256 sum of the weights' files (an adapter's too) and what the model's configs say of the
/// computation: `clip_vit_b32 sha256:40d3…`, then ` ema`, ` adapter:9f1c…`, ` gelu` and ` {"resize":"squash"}` where
/// they are not the ordinary. The same whichever tower was asked for, and in whatever form it computes.
class PIPIT_WEIGHTS_EXPORT VectorSpace {
 public:
  /// Of a checkpoint as load_clip gives it, before its weights are converted. Keeps the file open, none of its tensors;
  /// one that is not mapped is summed here, so that its bytes need not stay.
  VectorSpace(const ClipCheckpoint& checkpoint, bool mapped, std::optional<ConversionCache> cache);

  /// Reads all bytes of the file, unless the cache knows their sum. A clip's vectors have gone through the head that
  /// the file may have, as the model was trained to compare them with sentences'. Lone pictures' have not: not
  /// `through_head` they lie elsewhere where there is one, ` without seqTransf`.
  std::string name(bool through_head) const;

 private:
  std::string sum(const Checkpoint& file) const;

  std::string before_;  // the sum
  Head head_;
  std::string behind_;
  std::optional<ConversionCache> cache_;
  std::optional<Checkpoint> file_;  // its sum is not known yet
  std::string sha256_;              // of one that is not mapped
};

}  // namespace pipit::weights
