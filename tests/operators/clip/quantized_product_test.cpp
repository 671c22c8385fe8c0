// Products with quantized weights against the same in double, and the row arithmetic inside them.
#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "clip/kernels/int4_weight.h"
#include "clip/kernels/int8_weight.h"
#include "clip/kernels/quantized_tensor.h"
#include "clip/kernels/row_kernels.h"
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

}  // namespace

TEST_CASE("row: codes are within half a step of the numbers") {
  for (const int levels : {255, 127}) {
    const std::vector<float> numbers = made_up::weights("row", {1, 1003});
    std::vector<std::uint8_t> codes(numbers.size());
    const clip::RowScale scale = clip::quantize_row(numbers.data(), 1003, levels, codes.data());
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      CHECK(std::abs(scale.offset + codes[i] * scale.scale - numbers[i]) <= 0.501f * scale.scale);
      CHECK(codes[i] <= levels);
    }
  }
}

TEST_CASE("row: equal numbers are kept exactly") {
  const std::vector<float> numbers(70, -3.25f);
  std::vector<std::uint8_t> codes(numbers.size(), 9);
  const clip::RowScale scale = clip::quantize_row(numbers.data(), 70, 255, codes.data());
  CHECK(scale.scale == 0);
  CHECK(scale.offset == -3.25f);
  CHECK(codes == std::vector<std::uint8_t>(70, 0));
}

TEST_CASE("row: a number that is none cannot become one") {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    std::vector<float> numbers(70, 1.0f);
    numbers[33] = bad;
    std::vector<std::uint8_t> codes(numbers.size());
    CHECK(std::isnan(clip::quantize_row(numbers.data(), 70, 255, codes.data()).scale));
  }
}

TEST_CASE("int8 weight: its product is that of the numbers that its codes stand for") {
  const at::Tensor x = matrix("x", 19, 192);
  const at::Tensor bias = matrix("bias", 1, 80).flatten();
  const clip::QuantizedTensor weight = clip::quantize(matrix("w", 80, 192), 8);
  const at::Tensor w = weight.codes.to(at::kDouble) * weight.scale.to(at::kDouble).unsqueeze(1);
  const at::Tensor exact = at::linear(x.to(at::kDouble), w, bias.to(at::kDouble));
  const clip::Int8Weight packed(weight.codes, weight.scale);

  // Half a step of 255 for each number of the row, weighted.
  const at::Tensor step = (x.amax(1) - x.amin(1)).to(at::kDouble) / 127;
  const at::Tensor bound = step.unsqueeze(1) * 0.51 * w.abs().sum(1) + 1e-5;
  CHECK((packed.multiply(x, bias, clip::Then::kNothing) - exact).abs().le(bound).all().item<bool>());
  CHECK(largest(packed.multiply(x, bias, clip::Then::kSilu) -
                at::silu(packed.multiply(x, bias, clip::Then::kNothing))) <= 2e-6);
  CHECK(largest(packed.multiply(x, bias, clip::Then::kGelu) -
                at::gelu(packed.multiply(x, bias, clip::Then::kNothing))) <= 2e-6);
}

TEST_CASE("int8 weight: a row's product is the same to the bit alone and among others") {
  const at::Tensor x = matrix("x", 61, 192);
  const at::Tensor bias = matrix("bias", 1, 80).flatten();
  const clip::QuantizedTensor weight = clip::quantize(matrix("w", 80, 192), 8);
  const clip::Int8Weight packed(weight.codes, weight.scale);
  const at::Tensor together = packed.multiply(x, bias, clip::Then::kSilu);
  for (std::int64_t i = 0; i < x.size(0); ++i) {
    const at::Tensor alone = packed.multiply(x.narrow(0, i, 1), bias, clip::Then::kSilu);
    CHECK(alone.equal(together.narrow(0, i, 1)));
  }
}

TEST_CASE("int4 weight: its product is that of the numbers that its codes stand for") {
  const at::Tensor x = matrix("x", 19, 192).to(at::kBFloat16).to(at::kFloat);
  const at::Tensor bias = matrix("bias", 1, 80).flatten();
  const clip::QuantizedTensor weight = clip::quantize(matrix("w", 80, 192), 4);
  const at::Tensor q = at::stack({weight.codes.bitwise_and(15), weight.codes.bitwise_right_shift(4)}, -1).flatten(1);
  const auto spread = [](const at::Tensor& groups) {
    return groups.to(at::kBFloat16).to(at::kDouble).repeat_interleave(64, 1);
  };
  const at::Tensor w = (q.to(at::kDouble) - 8) * spread(weight.scale) + spread(weight.zero);
  const at::Tensor exact = at::linear(x.to(at::kDouble), w, bias.to(at::kDouble));
  const clip::Int4Weight packed(weight.codes, weight.scale, weight.zero);
  // The result is bfloat16 before the bias.
  CHECK(largest(packed.multiply(x, bias, clip::Then::kNothing) - exact) <= largest(exact) / 128);
}
