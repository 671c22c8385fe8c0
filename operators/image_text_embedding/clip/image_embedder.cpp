#include "image_embedder.h"

#include <ATen/ops/stack.h>

#include <vector>

#include "pipit/torch.h"

namespace pipit::image_clip {

ImageEmbedder::ImageEmbedder(clip::CentreRounding rounding, const clip::Weights& weights, Context& context)
    : rounding_(rounding),
      resolution_(weights.checkpoint.architecture.resolution),
      model_(context.shared<clip::VideoModel>("clip video model|" + weights.key(), [&] {
        return std::make_unique<clip::VideoModel>(weights.checkpoint, weights.placement);
      })) {}

void ImageEmbedder::embed(const Batch& in, BatchEmitter& out) {
  std::vector<at::Tensor> pictures;
  for (std::uint32_t row = 0; row < in.size(); ++row) {
    pictures.push_back(clip::resize_and_crop(to_torch(in[row][0].frame().pixels()), resolution_, rounding_));
  }
  const at::Tensor vectors = model_->features(at::stack(pictures));
  for (std::uint32_t row = 0; row < in.size(); ++row) out.emit(row, from_torch(vectors.select(0, row)));
}

}  // namespace pipit::image_clip
