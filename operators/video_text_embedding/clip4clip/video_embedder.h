// Frames of a clip to its vector.
#pragma once

#include <memory>

#include "clip/model/pooling.h"
#include "clip/model/video_model.h"
#include "clip/node/embedder.h"
#include "clip/node/weights.h"
#include "frame_limit.h"

namespace pipit::clip4clip {

class VideoEmbedder : public clip::Embedder {
 public:
  VideoEmbedder(const Arguments& arguments, const clip::Weights& weights, Context& context);

  void embed(const Batch& in, BatchEmitter& out) override;
  const clip::Footprint& footprint() const override { return model_->footprint(); }

 private:
  /// The pictures of one row, uint8 [frames, resolution, resolution, 3].
  at::Tensor pictures(const Value& frames);

  FrameLimit limit_;
  clip::Pooling pooling_;
  std::int64_t resolution_;
  pipit::weights::PictureRule rule_;
  std::shared_ptr<const clip::VideoModel> model_;
};

}  // namespace pipit::clip4clip
