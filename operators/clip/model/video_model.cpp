#include "clip/model/video_model.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <vector>

#include "clip/loading/memory.h"
#include "clip/loading/tensor_reader.h"
#include "clip/model/temporal_head.h"
#include "clip/model/vectors.h"
#include "clip/model/vision_tower.h"

namespace pipit::clip {

VideoModel::VideoModel(const weights::ClipCheckpoint& checkpoint, const Placement& placement)
    : device_(placement.device) {
  const c10::InferenceMode guard;
  require_room(placement.device, bytes_to_copy(checkpoint, placement, Side::kVision), free_memory(placement.device));
  TensorReader reader(checkpoint, placement, footprint_);
  tower_ = std::make_unique<const VisionTower>(reader);
  TensorReader head_reader(checkpoint, {placement.device, at::kFloat, placement.quantization}, footprint_);
  head_ = std::make_unique<const TemporalHead>(head_reader);
  give_back_free_memory();
}

VideoModel::~VideoModel() = default;

at::Tensor VideoModel::embed(const at::Tensor& pictures, at::IntArrayRef lengths, Pooling pooling) const {
  const c10::InferenceMode guard;
  const at::Tensor features = tower_->forward(pictures.to(device_), lengths);
  return checked_on_cpu(head_->forward(features, lengths, pooling));
}

at::Tensor VideoModel::pool(const at::Tensor& features, at::IntArrayRef lengths, Pooling pooling) const {
  const c10::InferenceMode guard;
  return checked_on_cpu(head_->forward(features.to(device_), lengths, pooling));
}

at::Tensor VideoModel::features(const at::Tensor& pictures) const {
  const c10::InferenceMode guard;
  const std::vector<std::int64_t> single(static_cast<std::size_t>(pictures.size(0)), 1);
  return checked_on_cpu(tower_->forward(pictures.to(device_), single));
}

}  // namespace pipit::clip
