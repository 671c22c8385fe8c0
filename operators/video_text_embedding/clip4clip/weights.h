// The weight file of a node, and where its model computes.
#pragma once

#include <string>

#include "clip/placement.h"
#include "pipit/operator.h"
#include "pipit/weights/clip_checkpoint.h"

namespace pipit::clip4clip {

enum class Modality { kVideo, kText };

struct Weights {
  weights::ClipCheckpoint checkpoint;
  clip::Placement placement;

  /// Opens and checks what the arguments name, for one modality.
  static Weights open(const Arguments& arguments, Modality modality);

  /// Two nodes with one key compute with the same numbers.
  std::string key() const;
};

}  // namespace pipit::clip4clip
