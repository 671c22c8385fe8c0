// A weight of 4 bits in groups, for least memory.
#pragma once

#include "clip/api.h"
#include "clip/kernels/packed_weight.h"

namespace pipit::clip {

/// LibTorch's kernel widens the weights as it multiplies; the rows stay bfloat16.
class PIPIT_CLIP_API Int4Weight : public PackedWeight {
 public:
  /// `codes` are uint8 [out, in/2], the even column in the low half of its byte; `scale` and `zero` are [out, groups]:
  /// weight = (code - 8) * scale + zero. All are copied. Throws pipit::Error (`invalid_checkpoint`) for sizes that the
  /// kernel does not take.
  Int4Weight(const at::Tensor& codes, const at::Tensor& scale, const at::Tensor& zero);

  at::Tensor multiply(const at::Tensor& x, const at::Tensor& bias, Then then) const override;
  std::int64_t bytes() const override;

 private:
  at::Tensor codes_;  // in the kernel's order
  at::Tensor scale_and_zero_;
  std::int64_t group_;
};

}  // namespace pipit::clip
