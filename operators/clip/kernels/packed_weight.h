// A weight of few bits, as LibTorch's kernels for such take it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "clip/api.h"
#include "clip/kernels/activation.h"

namespace pipit::clip {

class PIPIT_CLIP_API PackedWeight {
 public:
  virtual ~PackedWeight() = default;

  /// x·Wᵀ + bias, then the activation. `x` is float32 [rows, in], `bias` float32 [out]. A row's result depends on that
  /// row alone.
  virtual at::Tensor multiply(const at::Tensor& x, const at::Tensor& bias, Then then) const = 0;

  virtual std::int64_t bytes() const = 0;
};

}  // namespace pipit::clip
