// The matrix products that nearly all of a model's time goes into.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

#include "clip/kernels/activation.h"
#include "clip/kernels/packed_weight.h"

namespace pipit::clip {

/// x·Wᵀ + b. A weight is used where it lies, which may be a checkpoint's mapping, or is packed. On the CPU, in float32
/// and in 8 bits, a row's result depends on that row alone, to the bit.
struct Linear {
  at::Tensor weight;  // [out, in], of any strides, where it is not packed
  at::Tensor bias;    // [out], or undefined
  std::shared_ptr<const PackedWeight> packed = {};

  /// `x` is [rows, in].
  at::Tensor operator()(const at::Tensor& x, Then then = Then::kNothing) const;

  /// residual + scale·(x·Wᵀ + b), [rows, out].
  at::Tensor add_to(const at::Tensor& residual, const at::Tensor& x, double scale = 1) const;
};

}  // namespace pipit::clip
