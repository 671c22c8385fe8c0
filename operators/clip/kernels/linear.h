// The matrix products that nearly all of a model's time goes into.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

#include "clip/kernels/packed_weight.h"

namespace pipit::clip {

/// Rows on their way into a product: as floats, or, for a packed weight, in codes.
struct Operand {
  std::int64_t rows = 0;
  const float* values = nullptr;
  const std::uint8_t* codes = nullptr;
  const RowScale* scales = nullptr;
  const float* group_sums = nullptr;
};

/// x·Wᵀ + b. A weight is used where it lies, which may be a checkpoint's mapping, or is packed. On the CPU, in float32
/// and in few bits, a row's result depends on that row alone, to the bit.
struct Linear {
  at::Tensor weight;  // [out, in], of any strides, where it is not packed
  at::Tensor bias;    // [out], or undefined
  std::shared_ptr<const PackedWeight> packed = {};

  /// On any device and in any element type. `x` is [rows, in]; the weight is not packed.
  at::Tensor operator()(const at::Tensor& x, Then then = Then::kNothing) const;

  /// On the CPU, in float32 or packed. The end's columns and bias are put in here.
  void multiply(const Operand& x, ProductEnd end) const;

  std::int64_t outputs() const;
  std::int64_t inputs() const;  // that an operand has room for: rounded up where packed
};

}  // namespace pipit::clip
