#include "clip/node/image_embedder.h"

#include <ATen/ops/stack.h>

#include <span>

#include "clip/node/embed_rows.h"
#include "pipit/torch.h"

namespace pipit::clip {

ImageEmbedder::ImageEmbedder(CentreRounding rounding, const Weights& weights, Context& context)
    : rounding_(rounding),
      resolution_(weights.checkpoint.architecture.resolution),
      rule_(weights.checkpoint.architecture.variant.picture),
      model_(context.shared<VideoModel>("clip video model|" + weights.key(), [&] {
        return std::make_unique<VideoModel>(weights.checkpoint, weights.placement);
      })) {}

void ImageEmbedder::embed(const Batch& in, BatchEmitter& out) {
  embed_rows<at::Tensor>(
      in, out,
      [&](const Row& row) { return resize_and_crop(to_torch(row[0].frame().pixels()), resolution_, rounding_, rule_); },
      [&](std::span<const at::Tensor> pictures) {
        return model_->features(at::stack({pictures.data(), pictures.size()}));
      });
}

}  // namespace pipit::clip
