#include "clip/model/vision_tower.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "clip/picture/preprocessing.h"

namespace pipit::clip {
namespace {

// Rows of the transformer at a time: enough to keep the products busy, few enough to bound memory on many frames.
constexpr std::int64_t kRowsAtATime = 4096;

std::vector<Linear> read_patch_weights(TensorReader& reader) {
  if (reader.architecture().linear_patch == weights::LinearPatch::k2d) {
    return {{reader.read("visual.conv1.weight").flatten(1), {}}};
  }
  const at::Tensor weight = reader.read("visual.conv2.weight");  // [width, 3, time, patch, patch]
  std::vector<Linear> steps;
  for (std::int64_t step = 0; step < weight.size(2); ++step) steps.push_back({weight.select(2, step).flatten(1), {}});
  return steps;
}

}  // namespace

VisionTower::VisionTower(TensorReader& reader)
    : dtype_(reader.placement().dtype),
      variant_(reader.architecture().variant),
      patch_(reader.architecture().patch),
      patch_weights_(read_patch_weights(reader)),
      class_token_(reader.read("visual.class_embedding")),
      positions_(reader.read("visual.positional_embedding")),
      ln_pre_(reader, "visual.ln_pre.", variant_.vision_epsilon),
      transformer_(reader, {.prefix = "visual.transformer.",
                            .layers = reader.architecture().vision.layers,
                            .heads = reader.architecture().vision.heads,
                            .activation = reader.architecture().activation,
                            .eps = variant_.vision_epsilon,
                            .result = variant_.vision_pool == weights::VisionPool::kClassToken
                                          ? TransformerResult::kOneRowPerSequence
                                          : TransformerResult::kAllRows}),
      ln_post_(reader, "visual.ln_post.", variant_.vision_epsilon),
      proj_{reader.read("visual.proj").t(), {}} {
  class_token_ = class_token_ + positions_.select(0, 0);
  positions_ = positions_.narrow(0, 1, positions_.size(0) - 1);
}

at::Tensor VisionTower::embed_patches(const at::Tensor& pictures, at::IntArrayRef lengths) const {
  const std::int64_t frames = pictures.size(0);
  const std::int64_t grid = pictures.size(1) / patch_;
  const at::Tensor patches = normalize(pictures, variant_.picture)
                                 .view({frames, 3, grid, patch_, grid, patch_})
                                 .permute({0, 2, 4, 1, 3, 5})
                                 .to(dtype_)
                                 .reshape({frames * grid * grid, 3 * patch_ * patch_});
  if (patch_weights_.size() == 1) {
    return patch_weights_.front()(patches).view({frames, grid * grid, -1});
  }

  // A convolution over time of size three with padding, as three products; frames of other clips do not take part.
  at::Tensor embedded = patch_weights_[1](patches);
  std::int64_t start = 0;
  for (const std::int64_t length : lengths) {
    if (length > 1) {
      const std::int64_t rows = (length - 1) * grid * grid;
      const std::int64_t next = start + grid * grid;
      embedded.narrow(0, next, rows).add_(patch_weights_[0](patches.narrow(0, start, rows)));
      embedded.narrow(0, start, rows).add_(patch_weights_[2](patches.narrow(0, next, rows)));
    }
    start += length * grid * grid;
  }
  return embedded.view({frames, grid * grid, -1});
}

at::Tensor VisionTower::forward_part(const at::Tensor& pictures, at::IntArrayRef lengths) const {
  const at::Tensor patches = embed_patches(pictures, lengths);
  const std::int64_t frames = patches.size(0);
  const std::int64_t tokens = patches.size(1) + 1;
  const std::int64_t width = patches.size(2);
  at::Tensor x = at::empty({frames, tokens, width}, patches.options());
  x.select(1, 0).copy_(class_token_.expand({frames, width}));
  at::Tensor x_patches = x.narrow(1, 1, tokens - 1);
  at::add_out(x_patches, patches, positions_);
  x = ln_pre_(x).view({-1, width});

  const std::vector<std::int64_t> sequences(static_cast<std::size_t>(frames), tokens);
  if (variant_.vision_pool == weights::VisionPool::kAverage) {
    return proj_(average(transformer_.forward(x, sequences).view({frames, tokens, width}))).to(at::kFloat);
  }
  std::vector<std::int64_t> class_rows;
  for (std::int64_t frame = 0; frame < frames; ++frame) class_rows.push_back(frame * tokens);
  const at::Tensor class_tokens = transformer_.forward_rows(x, sequences, class_rows);
  return proj_(ln_post_(class_tokens)).to(at::kFloat);
}

at::Tensor VisionTower::average(const at::Tensor& tokens) const {
  const at::Tensor rows = variant_.norm_after_pool ? tokens : ln_post_(tokens);
  // Of one picture after another: how ATen adds up may depend on how many there are.
  std::vector<at::Tensor> means;
  for (const at::Tensor& one : rows.narrow(1, 1, rows.size(1) - 1).unbind()) means.push_back(one.mean(0));
  const at::Tensor pooled = at::stack(means);
  return variant_.norm_after_pool ? ln_post_(pooled) : pooled;
}

at::Tensor VisionTower::forward(const at::Tensor& pictures, at::IntArrayRef lengths) const {
  // Only 3d patches care which frames make a clip.
  const bool together = patch_weights_.size() > 1;
  const std::vector<std::int64_t> single(together ? 0 : static_cast<std::size_t>(pictures.size(0)), 1);
  const at::IntArrayRef units = together ? lengths : at::IntArrayRef(single);

  const std::int64_t frames_at_a_time = std::max<std::int64_t>(kRowsAtATime / (positions_.size(0) + 1), 1);
  std::vector<at::Tensor> features;
  std::int64_t start = 0;
  for (std::size_t first = 0; first < units.size();) {
    std::size_t end = first;
    std::int64_t frames = 0;
    do {
      frames += units[end++];
    } while (end < units.size() && frames + units[end] <= frames_at_a_time);
    features.push_back(forward_part(pictures.narrow(0, start, frames), units.slice(first, end - first)));
    start += frames;
    first = end;
  }
  return at::cat(features);
}

}  // namespace pipit::clip
