#include "clip/kernels/int4_weight.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "pipit/error.h"

namespace pipit::clip {
namespace {

constexpr std::int64_t kOutputsAtOnce = 16;  // the kernel's

}  // namespace

Int4Weight::Int4Weight(const at::Tensor& codes, const at::Tensor& scale, const at::Tensor& zero)
    : group_(codes.size(1) * 2 / scale.size(1)) {
  if (codes.size(0) % kOutputsAtOnce != 0) {
    throw Error("invalid_checkpoint",
                fmt::format("a 4-bit weight of {} outputs, expected a multiple of {}; take dtype int8 for this model",
                            codes.size(0), kOutputsAtOnce));
  }
  const at::Tensor low = codes.bitwise_and(15);
  const at::Tensor high = codes.bitwise_right_shift(4);
  codes_ = at::_convert_weight_to_int4pack_for_cpu(at::stack({low, high}, -1).flatten(1).to(at::kInt), 1);
  scale_and_zero_ = at::stack({scale.t(), zero.t()}, -1).to(at::kBFloat16).contiguous();
}

at::Tensor Int4Weight::multiply(const at::Tensor& x, const at::Tensor& bias, Then then) const {
  at::Tensor y = at::_weight_int4pack_mm_for_cpu(x.to(at::kBFloat16).contiguous(), codes_, group_, scale_and_zero_)
                     .to(at::kFloat)
                     .add_(bias);
  activate(y, then);
  return y;
}

std::int64_t Int4Weight::bytes() const {
  return static_cast<std::int64_t>(codes_.nbytes() + scale_and_zero_.nbytes());
}

}  // namespace pipit::clip
