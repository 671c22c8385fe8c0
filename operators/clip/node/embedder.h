// What an embedding operator does in one modality.
#pragma once

#include "clip/loading/footprint.h"
#include "pipit/operator.h"

namespace pipit::clip {

/// Made once a node; its model is shared with other nodes of the same weights.
class Embedder {
 public:
  virtual ~Embedder() = default;

  /// Emits a vector for each row, or fails that row alone.
  virtual void embed(const Batch& in, BatchEmitter& out) = 0;

  virtual const Footprint& footprint() const = 0;
};

}  // namespace pipit::clip
