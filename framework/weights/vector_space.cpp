#include "pipit/weights/vector_space.h"

#include <fmt/format.h>

#include "weights/formats/checkpoint_state.h"
#include "weights/formats/content_digest.h"

namespace pipit::weights {

VectorSpace::VectorSpace(const ClipCheckpoint& checkpoint, bool mapped, std::optional<ConversionCache> cache)
    : before_(checkpoint.architecture.name), head_(checkpoint.architecture.head), cache_(std::move(cache)) {
  if (checkpoint.file.state() == WeightState::kAveraged) behind_ += " ema";
  if (!checkpoint.adapter_sha256.empty()) behind_ += " adapter:" + checkpoint.adapter_sha256;
  if (checkpoint.architecture.activation == Activation::kGelu) behind_ += " gelu";
  if (const std::string variant = describe_variant(checkpoint.whole_variant); !variant.empty()) {
    behind_ += " " + variant;
  }
  if (mapped) {
    file_ = CheckpointParts::without_tensors(checkpoint.file);
  } else {
    sha256_ = sum(checkpoint.file);
  }
}

std::string VectorSpace::sum(const Checkpoint& file) const {
  return cache_ ? cache_->sha256(file) : ContentDigest::sha256(file);
}

std::string VectorSpace::name(bool through_head) const {
  const bool elsewhere = head_ != Head::kMeanP && !through_head;
  return fmt::format("{} sha256:{}{}{}", before_, file_ ? sum(*file_) : sha256_, behind_,
                     elsewhere ? fmt::format(" without {}", head_name(head_)) : "");
}

}  // namespace pipit::weights
