#include "video_embedder.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>

#include <vector>

#include "clip/node/embed_rows.h"
#include "clip/picture/preprocessing.h"
#include "pipit/torch.h"

namespace pipit::clip4clip {

VideoEmbedder::VideoEmbedder(const Arguments& arguments, const clip::Weights& weights, Context& context)
    : limit_(arguments, context),
      pooling_(arguments.string("pooling") == "raw" ? clip::Pooling::kRaw : clip::Pooling::kNormalized),
      resolution_(weights.checkpoint.architecture.resolution),
      rule_(weights.checkpoint.architecture.variant.picture),
      model_(context.shared<clip::VideoModel>("clip video model|" + weights.key(), [&] {
        return std::make_unique<clip::VideoModel>(weights.checkpoint, weights.placement);
      })) {}

at::Tensor VideoEmbedder::pictures(const Value& value) {
  const auto frames = value.list();
  std::vector<at::Tensor> pictures;
  for (const std::size_t i : limit_.choose(frames.size())) {
    pictures.push_back(clip::resize_and_crop(to_torch(frames[i].frame().pixels()), resolution_,
                                             clip::CentreRounding::kHalfToEven, rule_));
  }
  return at::stack(pictures);
}

void VideoEmbedder::embed(const Batch& in, BatchEmitter& out) {
  clip::embed_rows<at::Tensor>(
      in, out, [&](const Row& row) { return pictures(row[0]); },
      [&](std::span<const at::Tensor> clips) {
        std::vector<std::int64_t> lengths;
        for (const at::Tensor& clip : clips) lengths.push_back(clip.size(0));
        return model_->embed(at::cat({clips.data(), clips.size()}), lengths, pooling_);
      });
}

}  // namespace pipit::clip4clip
