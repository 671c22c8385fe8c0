// Products with quantized weights against the same in double, and the row arithmetic inside them.
#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "clip/kernels/packed_weight.h"
#include "clip/kernels/products.h"
#include "made_up.h"

namespace clip = pipit::clip;

namespace {

at::Tensor matrix(const char* name, std::int64_t rows, std::int64_t columns) {
  const std::vector<float> values = made_up::weights(name, {rows, columns});
  return at::tensor(values).view({rows, columns});
}

double largest(const at::Tensor& x) {
  return x.abs().max().item<double>();
}

/// Rows in codes as one set of instructions makes them, and their product.
at::Tensor multiply(const clip::KernelSet& set, const clip::PackedWeight& packed, const at::Tensor& x,
                    const at::Tensor& bias, clip::Then then) {
  const std::int64_t rows = x.size(0);
  const std::int64_t size = x.size(1);
  const clip::CodedWeight& weight = packed.view();
  at::Tensor codes = at::zeros({rows, weight.depth}, at::kByte);
  std::vector<clip::RowScale> scales;
  for (std::int64_t i = 0; i < rows; ++i) {
    scales.push_back(set.quantize_row(x.const_data_ptr<float>() + i * size, size,
                                      codes.mutable_data_ptr<std::uint8_t>() + i * weight.depth));
  }
  at::Tensor group_sums;
  if (weight.bits == 4) group_sums = codes.view({rows, -1, clip::kGroup}).sum(2).to(at::kFloat);
  at::Tensor y = at::empty({rows, weight.outputs}, at::kFloat);
  clip::multiply_codes({.codes = codes.const_data_ptr<std::uint8_t>(),
                        .scales = scales.data(),
                        .group_sums = group_sums.defined() ? group_sums.const_data_ptr<float>() : nullptr,
                        .rows = rows,
                        .weight = weight,
                        .end = {.bias = bias.const_data_ptr<float>(),
                                .y = y.mutable_data_ptr<float>(),
                                .columns = weight.outputs,
                                .then = then}},
                       set);
  return y;
}

}  // namespace

TEST_CASE("row: codes are within half a step of the numbers") {
  for (const clip::KernelSet* set : clip::kernel_sets()) {
    CAPTURE(set->name);
    const std::vector<float> numbers = made_up::weights("row", {1, 1003});
    std::vector<std::uint8_t> codes(numbers.size());
    const clip::RowScale scale = set->quantize_row(numbers.data(), 1003, codes.data());
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      CHECK(std::abs(scale.offset + codes[i] * scale.scale - numbers[i]) <= 0.501f * scale.scale);
      CHECK(codes[i] <= set->levels);
    }
  }
}

TEST_CASE("row: equal numbers are kept exactly") {
  const std::vector<float> numbers(70, -3.25f);
  std::vector<std::uint8_t> codes(numbers.size(), 9);
  const clip::RowScale scale = clip::kernels().quantize_row(numbers.data(), 70, codes.data());
  CHECK(scale.scale == 0);
  CHECK(scale.offset == -3.25f);
  CHECK(codes == std::vector<std::uint8_t>(70, 0));
}

TEST_CASE("row: a number that is none cannot become one") {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    std::vector<float> numbers(70, 1.0f);
    numbers[33] = bad;
    std::vector<std::uint8_t> codes(numbers.size());
    CHECK(std::isnan(clip::kernels().quantize_row(numbers.data(), 70, codes.data()).scale));
  }
}

TEST_CASE("int8 weight: its product is that of the numbers that its codes stand for") {
  const at::Tensor x = matrix("x", 19, 192);
  const at::Tensor bias = matrix("bias", 1, 80).flatten();
  const clip::QuantizedTensor weight = clip::quantize(matrix("w", 80, 192), 8);
  const at::Tensor w = weight.codes.to(at::kDouble) * weight.scale.to(at::kDouble).unsqueeze(1);
  const at::Tensor exact = at::linear(x.to(at::kDouble), w, bias.to(at::kDouble));
  const clip::PackedWeight packed(weight, 0, 80);
  for (const clip::KernelSet* set : clip::kernel_sets()) {
    CAPTURE(set->name);
    // Half a step for each number of the row, weighted.
    const at::Tensor step = (x.amax(1) - x.amin(1)).to(at::kDouble) / set->levels;
    const at::Tensor bound = step.unsqueeze(1) * 0.51 * w.abs().sum(1) + 1e-5;
    const at::Tensor y = multiply(*set, packed, x, bias, clip::Then::kNothing);
    CHECK((y - exact).abs().le(bound).all().item<bool>());
    CHECK(largest(multiply(*set, packed, x, bias, clip::Then::kSilu) - at::silu(y)) <= 2e-6);
    CHECK(largest(multiply(*set, packed, x, bias, clip::Then::kGelu) - at::gelu(y)) <= 2e-6);
  }
}

TEST_CASE("int8 weight: outputs and inputs need not fill blocks") {
  const at::Tensor x = matrix("x", 7, 50);
  const at::Tensor bias = matrix("bias", 1, 37).flatten();
  const clip::QuantizedTensor weight = clip::quantize(matrix("w", 37, 50), 8);
  const at::Tensor w = weight.codes.to(at::kDouble) * weight.scale.to(at::kDouble).unsqueeze(1);
  const at::Tensor exact = at::linear(x.to(at::kDouble), w, bias.to(at::kDouble));
  const clip::PackedWeight packed(weight, 0, 37);
  for (const clip::KernelSet* set : clip::kernel_sets()) {
    CAPTURE(set->name);
    const at::Tensor step = (x.amax(1) - x.amin(1)).to(at::kDouble) / set->levels;
    const at::Tensor bound = step.unsqueeze(1) * 0.51 * w.abs().sum(1) + 1e-5;
    CHECK((multiply(*set, packed, x, bias, clip::Then::kNothing) - exact).abs().le(bound).all().item<bool>());
  }
}

TEST_CASE("int8 weight: a row's product is the same to the bit alone and among others") {
  const at::Tensor x = matrix("x", 61, 192);
  const at::Tensor bias = matrix("bias", 1, 80).flatten();
  const clip::QuantizedTensor weight = clip::quantize(matrix("w", 80, 192), 8);
  const clip::PackedWeight packed(weight, 0, 80);
  for (const clip::KernelSet* set : clip::kernel_sets()) {
    CAPTURE(set->name);
    const at::Tensor together = multiply(*set, packed, x, bias, clip::Then::kSilu);
    for (std::int64_t i = 0; i < x.size(0); ++i) {
      CHECK(multiply(*set, packed, x.narrow(0, i, 1), bias, clip::Then::kSilu).equal(together.narrow(0, i, 1)));
    }
  }
}

TEST_CASE("int4 weight: its product is that of the numbers that its codes stand for") {
  const at::Tensor x = matrix("x", 19, 192);
  const at::Tensor bias = matrix("bias", 1, 80).flatten();
  const clip::QuantizedTensor weight = clip::quantize(matrix("w", 80, 192), 4);
  const at::Tensor q = at::stack({weight.codes.bitwise_and(15), weight.codes.bitwise_right_shift(4)}, -1).flatten(1);
  const auto spread = [](const at::Tensor& groups) { return groups.to(at::kDouble).repeat_interleave(64, 1); };
  const at::Tensor w = (q.to(at::kDouble) - 8) * spread(weight.scale) + spread(weight.zero);
  const at::Tensor exact = at::linear(x.to(at::kDouble), w, bias.to(at::kDouble));
  const clip::PackedWeight packed(weight, 0, 80);
  for (const clip::KernelSet* set : clip::kernel_sets()) {
    CAPTURE(set->name);
    const at::Tensor step = (x.amax(1) - x.amin(1)).to(at::kDouble) / set->levels;
    const at::Tensor bound = step.unsqueeze(1) * 0.51 * w.abs().sum(1) + 1e-5;
    CHECK((multiply(*set, packed, x, bias, clip::Then::kNothing) - exact).abs().le(bound).all().item<bool>());
  }
}
