#include "clip/model/text_model.h"
#include "clip/loading/memory.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include "clip/loading/tensor_reader.h"
#include "clip/model/text_tower.h"
#include "clip/model/vectors.h"

namespace pipit::clip {

TextModel::TextModel(const weights::ClipCheckpoint& checkpoint, const Placement& placement) {
  const c10::InferenceMode guard;
  require_room(placement.device, bytes_to_copy(checkpoint, placement, Side::kText), free_memory(placement.device));
  TensorReader reader(checkpoint, placement, footprint_);
  tower_ = std::make_unique<const TextTower>(reader);
  give_back_free_memory();
}

TextModel::~TextModel() = default;

at::Tensor TextModel::embed(std::span<const Sentence> sentences) const {
  const c10::InferenceMode guard;
  return checked_on_cpu(l2_normalize(tower_->forward(sentences)));
}

at::Tensor TextModel::features(std::span<const Sentence> sentences) const {
  const c10::InferenceMode guard;
  return checked_on_cpu(tower_->forward(sentences));
}

}  // namespace pipit::clip
