// A weight of 8 bits, multiplied with rows that are quantized as they come.
#pragma once

#include "clip/api.h"
#include "clip/kernels/packed_weight.h"

namespace pipit::clip {

/// Each row of `x` gets 8 bits and a scale of its own, oneDNN multiplies the integers exactly, and the scales are put
/// back into the result. A row is any token, so neighbours cannot change a result.
class PIPIT_CLIP_API Int8Weight : public PackedWeight {
 public:
  /// `codes` are int8 [out, in], `scale` float32 [out]: weight = code * scale. Both are copied.
  Int8Weight(const at::Tensor& codes, const at::Tensor& scale);

  at::Tensor multiply(const at::Tensor& x, const at::Tensor& bias, Then then) const override;
  std::int64_t bytes() const override { return bytes_; }

 private:
  at::Tensor codes_;  // in oneDNN's order
  at::Tensor scale_;
  at::Tensor no_zero_points_;
  at::Tensor sums_;  // of each output's weights
  std::int64_t bytes_;
};

}  // namespace pipit::clip
