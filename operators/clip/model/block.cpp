#include "clip/model/block.h"

#include <ATen/ATen.h>

#include "clip/kernels/instructions.h"

namespace pipit::clip {
namespace {

constexpr double kQuickGelu = 1.702;

}  // namespace

LayerNorm::LayerNorm(TensorReader& reader, const std::string& prefix, double epsilon)
    : weight(reader.read(prefix + "weight")), bias(reader.read(prefix + "bias")), eps(epsilon) {}

at::Tensor LayerNorm::operator()(const at::Tensor& x) const {
  return at::layer_norm(x, weight.sizes(), weight, bias, eps);
}

void LayerNorm::apply(const float* x, float* y) const {
  kernels().normalize_row(x, weight.size(0), weight.const_data_ptr<float>(), bias.const_data_ptr<float>(),
                          static_cast<float>(eps), y);
}

Block::Block(TensorReader& reader, const std::string& prefix, const TransformerOptions& options, bool last)
    : ln_1(reader, prefix + "ln_1.", options.eps),
      out_proj(reader.read_linear(prefix + "attn.out_proj.weight", prefix + "attn.out_proj.bias")),
      ln_2(reader, prefix + "ln_2.", options.eps),
      c_fc(reader.read_linear(prefix + "mlp.c_fc.weight", prefix + "mlp.c_fc.bias")),
      c_proj(reader.read_linear(prefix + "mlp.c_proj.weight", prefix + "mlp.c_proj.bias")) {
  const std::int64_t width = ln_1.weight.size(0);
  std::vector<std::int64_t> outputs = {3 * width};
  if (last && options.result == TransformerResult::kOneRowPerSequence) outputs = {width, 2 * width};
  in_proj = reader.read_linears(prefix + "attn.in_proj_weight", prefix + "attn.in_proj_bias", outputs);
  if (options.activation == weights::Activation::kQuickGelu) {
    feed_forward = {Then::kSilu, static_cast<float>(1 / kQuickGelu)};
    ln_2.weight = ln_2.weight * kQuickGelu;
    ln_2.bias = ln_2.bias * kQuickGelu;
    c_fc.bias = c_fc.bias * kQuickGelu;
    c_proj.bias = c_proj.bias * kQuickGelu;
  }
}

}  // namespace pipit::clip
