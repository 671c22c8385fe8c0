#include "video_embedder.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>
#include <fmt/format.h>

#include <vector>

#include "clip/node/embed_rows.h"
#include "clip/picture/preprocessing.h"
#include "pipit/torch.h"

namespace pipit::clip4clip {

VideoEmbedder::VideoEmbedder(const Arguments& arguments, const clip::Weights& weights, Context& context)
    : context_(context),
      max_frames_(static_cast<std::size_t>(arguments.integer("max_frames"))),
      position_(static_cast<clip::FramePosition>(arguments.integer("slice_framepos"))),
      pooling_(arguments.string("pooling") == "raw" ? clip::Pooling::kRaw : clip::Pooling::kNormalized),
      resolution_(weights.checkpoint.architecture.resolution),
      rule_(weights.checkpoint.architecture.variant.picture),
      model_(context.shared<clip::VideoModel>("clip video model|" + weights.key(), [&] {
        return std::make_unique<clip::VideoModel>(weights.checkpoint, weights.placement);
      })) {}

at::Tensor VideoEmbedder::pictures(const Value& value) {
  const auto frames = value.list();
  if (frames.empty()) throw Error("invalid_media", "no frames to embed");
  const std::vector<std::size_t> kept = clip::slice_frames(frames.size(), max_frames_, position_);
  if (kept.size() < frames.size()) {
    context_.warn(fmt::format("clips of more than max_frames ({}) frames are cut to that many (slice_framepos {})",
                              max_frames_, static_cast<int>(position_)));
    context_.count("clips_cut");
    context_.count("frames_cut", static_cast<std::int64_t>(frames.size() - kept.size()));
  }
  std::vector<at::Tensor> pictures;
  for (const std::size_t i : kept) {
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
