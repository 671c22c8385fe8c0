#include "clip/kernels/int8_weight.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/cpu/Utils.h>

#include <string_view>
#include <vector>

#include "clip/kernels/row_kernels.h"

namespace pipit::clip {
namespace {

constexpr std::int64_t kRowsATask = 16;
constexpr std::int64_t kUsualRows = 600;  // 12 frames of 50 tokens: the order of the weights is chosen for it

template <class Signature>
auto one_dnn_operator(const char* name) {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, "").typed<Signature>();
}

/// Without VNNI, products are added up in pairs of 16 bits, which 8-bit codes would overflow and 7-bit codes do not.
int row_levels() {
  static const int levels = [] {
    const auto capabilities = at::cpu::get_cpu_capabilities();
    for (const char* name : {"avx512_vnni", "avx_vnni"}) {
      const auto found = capabilities.find(name);
      if (found != capabilities.end() && found->second.toBool()) return 255;
    }
    return 127;
  }();
  return levels;
}

}  // namespace

Int8Weight::Int8Weight(const at::Tensor& codes, const at::Tensor& scale)
    : scale_(scale.clone()),
      no_zero_points_(at::zeros({codes.size(0)}, at::kInt)),
      sums_(codes.sum(1, /*keepdim=*/false, at::kInt).to(at::kFloat).mul_(scale)),
      bytes_(static_cast<std::int64_t>(codes.nbytes() + scale_.nbytes() + no_zero_points_.nbytes() + sums_.nbytes())) {
  using Prepack = at::Tensor(at::Tensor, std::optional<c10::List<std::int64_t>>);
  static const auto prepack = one_dnn_operator<Prepack>("onednn::qlinear_prepack");
  codes_ = prepack.call(codes.contiguous(), c10::List<std::int64_t>({kUsualRows, codes.size(1)}));
}

at::Tensor Int8Weight::multiply(const at::Tensor& x, const at::Tensor& bias, Then then) const {
  const at::Tensor rows = x.contiguous();
  const std::int64_t count = rows.size(0);
  const std::int64_t width = rows.size(1);
  at::Tensor codes = at::empty({count, width}, at::kByte);
  std::vector<RowScale> scales(static_cast<std::size_t>(count));
  at::parallel_for(0, count, kRowsATask, [&](std::int64_t begin, std::int64_t end) {
    const float* from = rows.const_data_ptr<float>();
    auto* to = codes.mutable_data_ptr<std::uint8_t>();
    for (std::int64_t i = begin; i < end; ++i) {
      scales[static_cast<std::size_t>(i)] = quantize_row(from + i * width, width, row_levels(), to + i * width);
    }
  });

  using Pointwise = at::Tensor(at::Tensor, double, std::int64_t, at::Tensor, at::Tensor, at::Tensor,
                               std::optional<at::Tensor>, double, std::int64_t, std::optional<at::ScalarType>,
                               std::string_view, c10::List<std::optional<at::Scalar>>, std::string_view);
  static const auto product = one_dnn_operator<Pointwise>("onednn::qlinear_pointwise");
  at::Tensor y = product.call(codes, 1, 0, codes_, scale_, no_zero_points_, std::nullopt, 1, 0, at::kFloat, "none",
                              c10::List<std::optional<at::Scalar>>(), "");

  at::parallel_for(0, count, kRowsATask, [&](std::int64_t begin, std::int64_t end) {
    const auto rescale = then == Then::kSilu ? rescale_row_silu : rescale_row;
    const std::int64_t size = y.size(1);
    auto* row = y.mutable_data_ptr<float>() + begin * size;
    for (std::int64_t i = begin; i < end; ++i, row += size) {
      rescale(row, size, scales[static_cast<std::size_t>(i)], sums_.const_data_ptr<float>(),
              bias.const_data_ptr<float>());
    }
  });
  if (then == Then::kGelu) activate(y, then);
  return y;
}

}  // namespace pipit::clip
