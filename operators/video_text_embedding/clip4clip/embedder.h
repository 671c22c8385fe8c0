// One modality of the operator.
#pragma once

#include "clip/footprint.h"
#include "pipit/operator.h"

namespace pipit::clip4clip {

class Embedder {
 public:
  virtual ~Embedder() = default;

  /// Emits a vector for each row, or fails that row alone.
  virtual void embed(const Batch& in, BatchEmitter& out) = 0;

  virtual const clip::Footprint& footprint() const = 0;
};

}  // namespace pipit::clip4clip
