#include "clip/kernels/packed_weight.h"

#include <ATen/ATen.h>

#include <span>
#include <vector>

#include "clip/kernels/products.h"
#include "pipit/error.h"
#include "pipit/weights/quantization.h"

namespace pipit::clip {
namespace {

static_assert(kBlockOutputs == weights::kBlockOutputs && kBlockDepth == weights::kBlockInputs &&
              kGroup == weights::kFourBits.group);

std::int64_t blocks_of(std::int64_t outputs) {
  return (outputs + kBlockOutputs - 1) / kBlockOutputs;
}

template <class T>
std::span<const T> elements(const at::Tensor& tensor) {
  return {static_cast<const T*>(tensor.const_data_ptr()), static_cast<std::size_t>(tensor.numel())};
}

template <class T>
at::Tensor tensor_of(const std::vector<T>& numbers, std::int64_t blocks, std::int64_t size, at::ScalarType dtype) {
  const auto all = static_cast<std::int64_t>(numbers.size());
  return at::from_blob(const_cast<T*>(numbers.data()), {blocks, all / blocks / size, size}, at::dtype(dtype)).clone();
}

/// Rows in blocks.
QuantizedTensor pack(const QuantizedTensor& rows) {
  const at::Tensor codes = rows.codes.contiguous();
  const std::int64_t outputs = codes.size(0);
  const std::int64_t blocks = blocks_of(outputs);
  if (rows.bits() == 8) {
    const auto packed = weights::in_blocks(elements<std::int8_t>(codes), codes.size(1));
    at::Tensor scale = at::zeros({blocks * kBlockOutputs}, at::kFloat);
    scale.narrow(0, 0, outputs).copy_(rows.scale);
    return {tensor_of(packed, blocks, kBlockOutputs * kBlockDepth, at::kChar), scale, {}};
  }
  const std::int64_t groups = rows.scale.size(1);
  const auto in_blocks = [&](const at::Tensor& numbers) {
    const at::Tensor dense = numbers.contiguous();
    return tensor_of(weights::groups_in_blocks(elements<std::uint16_t>(dense), groups), blocks, kBlockOutputs,
                     at::kHalf);
  };
  const auto packed = weights::in_blocks(elements<std::uint8_t>(codes), codes.size(1));
  return {tensor_of(packed, blocks, kBlockOutputs * kBlockDepth, at::kByte), in_blocks(rows.scale),
          in_blocks(rows.zero)};
}

QuantizedTensor part_of(const QuantizedTensor& weight, std::int64_t first, std::int64_t outputs) {
  const auto part = [&](const at::Tensor& tensor) {
    if (!tensor.defined()) return tensor;
    const bool by_blocks = tensor.dim() == 3;
    return by_blocks ? tensor.narrow(0, first / kBlockOutputs, blocks_of(outputs)) : tensor.narrow(0, first, outputs);
  };
  return {part(weight.codes), part(weight.scale), part(weight.zero)};
}

}  // namespace

PackedWeight::PackedWeight(const QuantizedTensor& weight, std::int64_t first, std::int64_t outputs) {
  const bool shared = weight.in_blocks();
  if (shared && (first % kBlockOutputs != 0 || outputs % kBlockOutputs != 0)) {
    throw Error("internal", "a weight in blocks is divided within one");
  }
  const QuantizedTensor part = part_of(weight, first, outputs);
  view_.outputs = outputs;
  keep(shared ? part : pack(part), shared);
}

void PackedWeight::keep(const QuantizedTensor& part, bool shared) {
  codes_ = part.codes;
  scale_ = part.scale;
  zero_ = part.zero;
  const std::int64_t blocks = blocks_of(view_.outputs);
  sums_ = at::zeros({blocks * kBlockOutputs}, at::kFloat);
  view_.bits = part.bits();
  view_.codes = codes_.const_data_ptr();
  view_.depth = codes_.numel() / (blocks * kBlockOutputs) * (8 / view_.bits);
  view_.sums = sums_.const_data_ptr<float>();
  if (view_.bits == 8) {
    view_.scale = scale_.const_data_ptr<float>();
  } else {
    view_.group_scale = static_cast<const std::uint16_t*>(scale_.const_data_ptr());
    view_.group_zero = static_cast<const std::uint16_t*>(zero_.const_data_ptr());
  }

  // The sums are what the weight makes of a row of ones.
  const std::vector<std::uint8_t> ones(static_cast<std::size_t>(view_.depth), 1);
  const std::vector<float> group_sums(static_cast<std::size_t>(view_.depth / kGroup), kGroup);
  const RowScale unchanged = {.scale = 1, .offset = 0};
  at::Tensor sums = at::empty({view_.outputs}, at::kFloat);
  multiply_codes({.codes = ones.data(),
                  .scales = &unchanged,
                  .group_sums = group_sums.data(),
                  .rows = 1,
                  .weight = view_,
                  .end = {.y = sums.mutable_data_ptr<float>(), .columns = view_.outputs}});
  sums_.narrow(0, 0, view_.outputs).copy_(sums);

  shared_bytes_ = static_cast<std::int64_t>(codes_.nbytes() + scale_.nbytes() + (zero_.defined() ? zero_.nbytes() : 0));
  bytes_ = shared_bytes_ + static_cast<std::int64_t>(sums_.nbytes());
  if (!shared) shared_bytes_ = 0;
}

}  // namespace pipit::clip
