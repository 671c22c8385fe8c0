#include "clip/kernels/quantized_tensor.h"

#include <ATen/ATen.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "pipit/weights/quantization.h"

namespace pipit::clip {
namespace {

template <class T>
at::Tensor adopt(std::vector<T> numbers, at::IntArrayRef shape, at::ScalarType dtype) {
  const auto kept = std::make_shared<std::vector<T>>(std::move(numbers));
  return at::from_blob(
      kept->data(), shape, [kept](void*) {}, at::dtype(dtype));
}

}  // namespace

QuantizedTensor quantize(const at::Tensor& matrix, int bits) {
  const at::Tensor numbers = matrix.to(at::kFloat).contiguous();
  const std::span<const float> values(numbers.const_data_ptr<float>(), static_cast<std::size_t>(numbers.numel()));
  const std::int64_t rows = numbers.size(0);
  const std::int64_t columns = numbers.size(1);
  if (bits == 8) {
    weights::Int8Matrix result = weights::quantize_int8(values, columns);
    return {adopt(std::move(result.values), {rows, columns}, at::kChar),
            adopt(std::move(result.scale), {rows}, at::kFloat),
            {}};
  }
  weights::Int4Matrix result = weights::quantize_int4(values, columns);
  const std::int64_t groups = columns / weights::kFourBits.group;
  return {adopt(std::move(result.values), {rows, columns / 2}, at::kByte),
          adopt(std::move(result.scale), {rows, groups}, at::kHalf),
          adopt(std::move(result.zero), {rows, groups}, at::kHalf)};
}

}  // namespace pipit::clip
