// An image to its vector.
#pragma once

#include <memory>

#include "clip/model/video_model.h"
#include "clip/node/embedder.h"
#include "clip/node/weights.h"
#include "clip/picture/preprocessing.h"

namespace pipit::clip {

class ImageEmbedder : public Embedder {
 public:
  ImageEmbedder(CentreRounding rounding, const Weights& weights, Context& context);

  void embed(const Batch& in, BatchEmitter& out) override;
  const Footprint& footprint() const override { return model_->footprint(); }

 private:
  CentreRounding rounding_;
  std::int64_t resolution_;
  pipit::weights::PictureRule rule_;
  std::shared_ptr<const VideoModel> model_;  // clip4clip's: nodes of both share it
};

}  // namespace pipit::clip
