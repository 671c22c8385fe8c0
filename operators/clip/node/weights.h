// The weight file of a node, and where its model computes.
#pragma once

#include <memory>
#include <string>

#include "clip/loading/footprint.h"
#include "clip/loading/placement.h"
#include "pipit/operator.h"
#include "pipit/weights/clip_checkpoint.h"

namespace pipit::clip {

enum class Modality { kVideo, kImage, kText };

struct Weights {
  pipit::weights::ClipCheckpoint checkpoint;
  Placement placement;
  std::string identity;              // of the file that was opened: see Checkpoint::identity
  std::shared_ptr<const void> told;  // kept by the operator: what was told of the file is not told again meanwhile

  /// The signature with the arguments that say how a weight file is taken: heads, activation, ignore, sha256,
  /// adapter_path, state, mmap, cache.
  static Signature add_arguments(Signature signature);

  /// Opens, checks and converts what those arguments and weight_path, device and dtype name, for one modality.
  /// `model_name` as resolve_clip takes it.
  static Weights open(const Arguments& arguments, const std::string& model_name, Modality modality, Context& context);

  /// Two nodes with one key compute with the same numbers: those of one file in one state, not of one path.
  std::string key() const;

  /// For Operator::report: what was loaded, and what it takes.
  Value describe(const Footprint& takes) const;
};

}  // namespace pipit::clip
