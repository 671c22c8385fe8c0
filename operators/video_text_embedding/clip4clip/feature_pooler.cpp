#include "feature_pooler.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>
#include <fmt/format.h>

#include <vector>

#include "clip/node/embed_rows.h"
#include "pipit/torch.h"

namespace pipit::clip4clip {

FeaturePooler::FeaturePooler(const Arguments& arguments, const clip::Weights& weights, Context& context)
    : limit_(arguments, context),
      pooling_(arguments.string("pooling") == "raw" ? clip::Pooling::kRaw : clip::Pooling::kNormalized),
      embed_dim_(weights.checkpoint.architecture.embed_dim),
      model_(context.shared<clip::VideoModel>("clip video model|" + weights.key(), [&] {
        return std::make_unique<clip::VideoModel>(weights.checkpoint, weights.placement);
      })) {}

at::Tensor FeaturePooler::features(const Value& value) {
  const auto rows = value.list();
  std::vector<at::Tensor> features;
  for (const std::size_t i : limit_.choose(rows.size())) {
    const at::Tensor& feature = features.emplace_back(to_torch(rows[i].tensor()));
    if (feature.numel() == embed_dim_) continue;
    throw Error("invalid_input",
                fmt::format("a feature has {} numbers, those of this model have {}", feature.numel(), embed_dim_));
  }
  return at::stack(features);
}

void FeaturePooler::embed(const Batch& in, BatchEmitter& out) {
  clip::embed_rows<at::Tensor>(
      in, out, [&](const Row& row) { return features(row[0]); },
      [&](std::span<const at::Tensor> clips) {
        std::vector<std::int64_t> lengths;
        for (const at::Tensor& clip : clips) lengths.push_back(clip.size(0));
        return model_->pool(at::cat({clips.data(), clips.size()}), lengths, pooling_);
      });
}

}  // namespace pipit::clip4clip
