#include "clip/linear.h"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <string_view>

namespace pipit::clip {
namespace {

/// oneDNN's product with the activation inside. at::linear takes MKL's for float32, which is half as fast on some
/// processors.
at::Tensor one_dnn_linear(const at::Tensor& x, const Linear& linear, std::string_view then) {
  using Signature = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, std::string_view,
                               c10::List<std::optional<at::Scalar>>, std::optional<std::string_view>);
  static const auto op =
      c10::Dispatcher::singleton().findSchemaOrThrow("mkldnn::_linear_pointwise", "").typed<Signature>();
  const auto bias = linear.bias.defined() ? std::optional(linear.bias) : std::nullopt;
  return op.call(x, linear.weight, bias, then, c10::List<std::optional<at::Scalar>>(), "none");
}

}  // namespace

at::Tensor Linear::operator()(const at::Tensor& x, Then then) const {
  if (packed) return packed->multiply(x, bias, then);
  if (x.is_cpu() && x.scalar_type() == at::kFloat && at::hasMKLDNN()) {
    return one_dnn_linear(x, *this, then == Then::kSilu ? "swish" : then == Then::kGelu ? "gelu" : "none");
  }
  at::Tensor y = at::linear(x, weight, bias.defined() ? std::optional(bias) : std::nullopt);
  if (then == Then::kSilu) at::silu_(y);
  if (then == Then::kGelu) at::gelu_(y);
  return y;
}

}  // namespace pipit::clip
