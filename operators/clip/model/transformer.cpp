#include "clip/model/transformer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cstddef>

namespace pipit::clip {
namespace {

constexpr double kQuickGelu = 1.702;

}  // namespace

LayerNorm::LayerNorm(TensorReader& reader, const std::string& prefix, double epsilon)
    : weight(reader.read(prefix + "weight")), bias(reader.read(prefix + "bias")), eps(epsilon) {}

at::Tensor LayerNorm::operator()(const at::Tensor& x) const {
  return at::layer_norm(x, weight.sizes(), weight, bias, eps);
}

Transformer::Block::Block(TensorReader& reader, const std::string& prefix, const TransformerOptions& options, bool last)
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
    // x·σ(1.702x) is silu(1.702x)/1.702, and silu is to be had inside a product. Going in, the factor is put into what
    // is small (the norm and the biases); coming out, it is taken off as the residual is added.
    ln_2.weight = ln_2.weight * kQuickGelu;
    ln_2.bias = ln_2.bias * kQuickGelu;
    c_fc.bias = c_fc.bias * kQuickGelu;
    c_proj.bias = c_proj.bias * kQuickGelu;
  }
}

Transformer::Transformer(TensorReader& reader, const TransformerOptions& options) : options_(options) {
  for (std::int64_t layer = 0; layer < options.layers; ++layer) {
    blocks_.emplace_back(reader, fmt::format("{}resblocks.{}.", options.prefix, layer), options,
                         layer == options.layers - 1);
  }
}

at::Tensor Transformer::attend(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                               at::IntArrayRef lengths, Queries queries) const {
  const std::int64_t width = query.size(1);
  const bool all = queries == Queries::kAll;
  std::vector<at::Tensor> results;
  std::int64_t query_at = 0;
  std::int64_t key_at = 0;
  for (std::size_t first = 0; first < lengths.size();) {
    const std::int64_t length = lengths[first];
    std::size_t end = first;
    while (end < lengths.size() && lengths[end] == length) ++end;
    const auto sequences = static_cast<std::int64_t>(end - first);
    const std::int64_t rows = all ? length : 1;
    const auto heads_of = [&](const at::Tensor& x, std::int64_t at, std::int64_t rows_each) {
      return x.narrow(0, at, sequences * rows_each)
          .view({sequences, rows_each, options_.heads, width / options_.heads})
          .transpose(1, 2);
    };
    const at::Tensor attended = at::scaled_dot_product_attention(
        heads_of(query, query_at, rows), heads_of(key, key_at, length), heads_of(value, key_at, length),
        /*attn_mask=*/{}, /*dropout_p=*/0, /*is_causal=*/options_.causal && all);
    results.push_back(attended.transpose(1, 2).reshape({sequences * rows, width}));
    query_at += sequences * rows;
    key_at += sequences * length;
    first = end;
  }
  return results.size() == 1 ? results.front() : at::cat(results);
}

void Transformer::add_feed_forward(const Block& block, at::Tensor& x) const {
  const bool quick = options_.activation == weights::Activation::kQuickGelu;
  const at::Tensor hidden = block.c_fc(block.ln_2(x), quick ? Then::kSilu : Then::kGelu);
  x = block.c_proj.add_to(x, hidden, quick ? 1 / kQuickGelu : 1);
}

at::Tensor Transformer::forward_block(const Block& block, at::Tensor x, at::IntArrayRef lengths) const {
  const std::vector<at::Tensor> in = block.in_proj.front()(block.ln_1(x)).chunk(3, 1);
  x = block.out_proj.add_to(x, attend(in[0], in[1], in[2], lengths, Queries::kAll));
  add_feed_forward(block, x);
  return x;
}

at::Tensor Transformer::forward(const at::Tensor& x, at::IntArrayRef lengths) const {
  at::Tensor y = x;
  for (const Block& block : blocks_) y = forward_block(block, y, lengths);
  return y;
}

at::Tensor Transformer::forward_rows(const at::Tensor& x, at::IntArrayRef lengths, const at::Tensor& rows) const {
  at::Tensor y = x;
  for (std::size_t layer = 0; layer + 1 < blocks_.size(); ++layer) y = forward_block(blocks_[layer], y, lengths);

  const Block& last = blocks_.back();
  const at::Tensor normed = last.ln_1(y);
  const at::Tensor query = last.in_proj[0](normed.index_select(0, rows));
  const std::vector<at::Tensor> key_value = last.in_proj[1](normed).chunk(2, 1);
  const at::Tensor attended = attend(query, key_value[0], key_value[1], lengths, Queries::kOnePerSequence);
  y = last.out_proj.add_to(y.index_select(0, rows), attended);
  add_feed_forward(last, y);
  return y;
}

}  // namespace pipit::clip
