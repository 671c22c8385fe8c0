// The matrix products that nearly all of a model's time goes into.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

#include "clip/activation.h"
#include "clip/packed_weight.h"

namespace pipit::clip {

/// x·Wᵀ + b. A weight is used where it lies, which may be a checkpoint's mapping, or is packed.
struct Linear {
  at::Tensor weight;  // [out, in], where it is not packed
  at::Tensor bias;    // [out], or undefined
  std::shared_ptr<const PackedWeight> packed = {};

  /// `x` is [rows, in].
  at::Tensor operator()(const at::Tensor& x, Then then = Then::kNothing) const;
};

}  // namespace pipit::clip
