// The matrix products that nearly all of a model's time goes into.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace pipit::clip {

/// x·Wᵀ + b. A weight is used where it lies, which may be a checkpoint's mapping.
struct Linear {
  at::Tensor weight;  // [out, in]
  at::Tensor bias;    // [out], or undefined

  enum class Then { kNothing, kSilu, kGelu };

  /// `x` is [rows, in].
  at::Tensor operator()(const at::Tensor& x, Then then = Then::kNothing) const;

  /// The part that computes outputs [start, start + size).
  Linear outputs(std::int64_t start, std::int64_t size) const;
};

}  // namespace pipit::clip
