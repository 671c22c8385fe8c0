// The weight file of a node, and where its model computes.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "clip/loading/footprint.h"
#include "clip/loading/placement.h"
#include "pipit/operator.h"
#include "pipit/weights/clip_checkpoint.h"
#include "pipit/weights/vector_space.h"

namespace pipit::clip {

enum class Modality { kVideo, kImage, kText };

/// The name of the space that a node's vectors lie in: what the argument `space` calls it, or what the weights say.
struct Space {
  std::optional<std::string> given = {};
  pipit::weights::VectorSpace of_weights;

  /// `through_head` as VectorSpace::name.
  std::string name(bool through_head) const { return given ? *given : of_weights.name(through_head); }
};

struct Weights {
  pipit::weights::ClipCheckpoint checkpoint;
  Placement placement;
  std::string identity;              // of the file that was opened: see Checkpoint::identity
  std::shared_ptr<const void> told;  // kept by the operator: what was told of the file is not told again meanwhile
  Space space;

  /// The signature with the arguments that say how a weight file is taken: heads, activation, ignore, sha256,
  /// adapter_path, state, mmap, cache, space.
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
