#include "clip/model/transformer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cstddef>
#include <tuple>

namespace pipit::clip {
namespace {

/// On CUDA, LibTorch would choose cuDNN's kernel for half floats, which makes a plan of some 100 ms for each new shape;
/// this one needs none.
at::Tensor attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, bool causal) {
  if (query.is_cuda() && query.size(3) % 8 == 0) {
    return std::get<0>(at::_scaled_dot_product_efficient_attention(query, key, value, /*attn_bias=*/{},
                                                                   /*compute_log_sumexp=*/false, /*dropout_p=*/0,
                                                                   /*is_causal=*/causal));
  }
  return at::scaled_dot_product_attention(query, key, value, /*attn_mask=*/{}, /*dropout_p=*/0, /*is_causal=*/causal);
}

/// Whether each of these rows ends its sequence.
bool are_ends(at::IntArrayRef rows, at::IntArrayRef lengths) {
  std::int64_t end = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    end += lengths[i];
    if (rows[i] != end - 1) return false;
  }
  return true;
}

/// The first row of each sequence.
std::vector<std::int64_t> starts_of(at::IntArrayRef lengths) {
  std::vector<std::int64_t> starts;
  std::int64_t start = 0;
  for (const std::int64_t length : lengths) {
    starts.push_back(start);
    start += length;
  }
  return starts;
}

}  // namespace

Transformer::Transformer(TensorReader& reader, const TransformerOptions& options) : options_(options) {
  for (std::int64_t layer = 0; layer < options.layers; ++layer) {
    blocks_.emplace_back(reader, fmt::format("{}resblocks.{}.", options.prefix, layer), options,
                         layer == options.layers - 1);
  }
  by_rows_ = BlockRows::take(blocks_);
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
    const at::Tensor attended = attention(heads_of(query, query_at, rows), heads_of(key, key_at, length),
                                          heads_of(value, key_at, length), options_.causal && all);
    results.push_back(attended.transpose(1, 2).reshape({sequences * rows, width}));
    query_at += sequences * rows;
    key_at += sequences * length;
    first = end;
  }
  return results.size() == 1 ? results.front() : at::cat(results);
}

void Transformer::add_feed_forward(const Block& block, at::Tensor& x) const {
  const at::Tensor hidden = block.c_fc(block.ln_2(x), block.feed_forward.then);
  x = x.add(block.c_proj(hidden), block.feed_forward.scale);
}

at::Tensor Transformer::forward_block(const Block& block, at::Tensor x, at::IntArrayRef lengths) const {
  const std::vector<at::Tensor> in = block.in_proj.front()(block.ln_1(x)).chunk(3, 1);
  x = x.add(block.out_proj(attend(in[0], in[1], in[2], lengths, Queries::kAll)));
  add_feed_forward(block, x);
  return x;
}

at::Tensor Transformer::forward(at::Tensor x, at::IntArrayRef lengths) const {
  if (!by_rows_) {
    for (const Block& block : blocks_) x = forward_block(block, x, lengths);
    return x;
  }
  x = x.contiguous();
  const std::vector<std::int64_t> starts = starts_of(lengths);
  divide_sequences(lengths, [&](std::size_t first, std::size_t end) {
    rows(lengths.slice(first, end - first)).forward(x.mutable_data_ptr<float>() + starts[first] * x.size(1));
  });
  return x;
}

at::Tensor Transformer::forward_rows(at::Tensor x, at::IntArrayRef lengths, at::IntArrayRef rows) const {
  if (by_rows_) {
    x = x.contiguous();
    const std::int64_t width = x.size(1);
    const std::vector<std::int64_t> starts = starts_of(lengths);
    std::vector<std::int64_t> within(rows.begin(), rows.end());
    at::Tensor result = at::empty({static_cast<std::int64_t>(rows.size()), width}, x.options());
    divide_sequences(lengths, [&](std::size_t first, std::size_t end) {
      for (std::size_t i = first; i < end; ++i) within[i] -= starts[first];
      this->rows(lengths.slice(first, end - first))
          .forward_rows(x.mutable_data_ptr<float>() + starts[first] * width,
                        at::IntArrayRef(within).slice(first, end - first),
                        result.mutable_data_ptr<float>() + static_cast<std::int64_t>(first) * width);
    });
    return result;
  }
  for (std::size_t layer = 0; layer + 1 < blocks_.size(); ++layer) x = forward_block(blocks_[layer], x, lengths);

  const Block& last = blocks_.back();
  const at::Tensor positions = at::tensor(rows, at::kLong).to(x.device());
  const at::Tensor normed = last.ln_1(x);
  const std::vector<at::Tensor> key_value = last.in_proj[1](normed).chunk(2, 1);
  at::Tensor attended;
  if (options_.causal && !are_ends(rows, lengths)) {
    const at::Tensor query = last.in_proj[0](normed);
    attended = attend(query, key_value[0], key_value[1], lengths, Queries::kAll).index_select(0, positions);
  } else {
    const at::Tensor query = last.in_proj[0](normed.index_select(0, positions));
    attended = attend(query, key_value[0], key_value[1], lengths, Queries::kOnePerSequence);
  }
  x = x.index_select(0, positions).add(last.out_proj(attended));
  add_feed_forward(last, x);
  return x;
}

}  // namespace pipit::clip
