// Features of a clip's frames to its vector.
#pragma once

#include <cstdint>
#include <memory>

#include "clip/model/pooling.h"
#include "clip/model/video_model.h"
#include "clip/node/embedder.h"
#include "clip/node/weights.h"
#include "frame_limit.h"

namespace pipit::clip4clip {

/// Gives what VideoEmbedder gives for the frames themselves, so that a frame of several windows is embedded once.
class FeaturePooler : public clip::Embedder {
 public:
  FeaturePooler(const Arguments& arguments, const clip::Weights& weights, Context& context);

  void embed(const Batch& in, BatchEmitter& out) override;
  const clip::Footprint& footprint() const override { return model_->footprint(); }

 private:
  /// Those of one row that are taken, float32 [frames, embed_dim].
  at::Tensor features(const Value& value);

  FrameLimit limit_;
  clip::Pooling pooling_;
  std::int64_t embed_dim_;
  std::shared_ptr<const clip::VideoModel> model_;
};

}  // namespace pipit::clip4clip
