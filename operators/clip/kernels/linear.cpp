#include "clip/kernels/linear.h"

#include <ATen/ATen.h>

#include "clip/kernels/products.h"

namespace pipit::clip {

at::Tensor Linear::operator()(const at::Tensor& x, Then then) const {
  if (x.is_cpu() && x.scalar_type() == at::kFloat) {
    const at::Tensor rows = x.contiguous();
    at::Tensor y = at::empty({rows.size(0), weight.size(0)}, rows.options());
    multiply({.rows = rows.size(0), .values = rows.const_data_ptr<float>()},
             {.y = y.mutable_data_ptr<float>(), .then = then});
    return y;
  }
  at::Tensor y = at::linear(x, weight, bias.defined() ? std::optional(bias) : std::nullopt);
  if (then == Then::kSilu) at::silu_(y);
  if (then == Then::kGelu) at::gelu_(y);
  return y;
}

void Linear::multiply(const Operand& x, ProductEnd end) const {
  end.columns = outputs();
  end.bias = bias.defined() ? bias.const_data_ptr<float>() : nullptr;
  if (packed) {
    multiply_codes({.codes = x.codes,
                    .scales = x.scales,
                    .group_sums = x.group_sums,
                    .rows = x.rows,
                    .weight = packed->view(),
                    .end = end});
    return;
  }
  multiply_rows({.x = x.values,
                 .weight = weight.const_data_ptr<float>(),
                 .rows = x.rows,
                 .depth = weight.size(1),
                 .column_stride = weight.stride(0),
                 .depth_stride = weight.stride(1),
                 .end = end});
}

std::int64_t Linear::outputs() const {
  return packed ? packed->view().outputs : weight.size(0);
}

std::int64_t Linear::inputs() const {
  return packed ? packed->view().depth : weight.size(1);
}

}  // namespace pipit::clip
