#include "clip/kernels/linear.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "clip/kernels/row_kernels.h"
#include "clip/kernels/row_product.h"

namespace pipit::clip {
namespace {

at::Tensor multiply(const Linear& linear, const at::Tensor& x, Then then, const at::Tensor& residual, double scale) {
  const at::Tensor rows = x.contiguous();
  const at::Tensor added = residual.defined() ? residual.contiguous() : residual;
  at::Tensor y = at::empty({rows.size(0), linear.weight.size(0)}, rows.options());
  multiply_rows({.x = rows.const_data_ptr<float>(),
                 .weight = linear.weight.const_data_ptr<float>(),
                 .bias = linear.bias.defined() ? linear.bias.const_data_ptr<float>() : nullptr,
                 .residual = added.defined() ? added.const_data_ptr<float>() : nullptr,
                 .y = y.mutable_data_ptr<float>(),
                 .rows = rows.size(0),
                 .depth = rows.size(1),
                 .columns = linear.weight.size(0),
                 .column_stride = linear.weight.stride(0),
                 .depth_stride = linear.weight.stride(1),
                 .scale = static_cast<float>(scale),
                 .silu = then == Then::kSilu});
  if (then == Then::kGelu) activate(y, then);
  return y;
}

}  // namespace

at::Tensor Linear::operator()(const at::Tensor& x, Then then) const {
  if (packed) return packed->multiply(x, bias, then);
  if (x.is_cpu() && x.scalar_type() == at::kFloat) return multiply(*this, x, then, {}, 1);
  at::Tensor y = at::linear(x, weight, bias.defined() ? std::optional(bias) : std::nullopt);
  activate(y, then);
  return y;
}

at::Tensor Linear::add_to(const at::Tensor& residual, const at::Tensor& x, double scale) const {
  if (!x.is_cpu() || x.scalar_type() != at::kFloat) return residual.add((*this)(x), scale);
  if (!packed) return multiply(*this, x, Then::kNothing, residual, scale);
  at::Tensor y = packed->multiply(x, bias, Then::kNothing);
  const at::Tensor added = residual.contiguous();
  constexpr std::int64_t kRowsATask = 16;
  at::parallel_for(0, y.size(0), kRowsATask, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t size = y.size(1);
    for (std::int64_t i = begin; i < end; ++i) {
      add_scaled_row(added.const_data_ptr<float>() + i * size, static_cast<float>(scale), size,
                     y.mutable_data_ptr<float>() + i * size);
    }
  });
  return y;
}

}  // namespace pipit::clip
