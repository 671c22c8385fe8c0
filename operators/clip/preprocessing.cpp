#include "clip/preprocessing.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>

#include "clip/resample.h"

namespace pipit::clip {
namespace {

std::int64_t centre_offset(std::int64_t spare, CentreRounding rounding) {
  const std::int64_t half = spare / 2;
  const bool up = rounding == CentreRounding::kHalfToEven && spare % 2 != 0 && half % 2 != 0;
  return half + (up ? 1 : 0);
}

}  // namespace

at::Tensor resize_and_crop(const at::Tensor& frame, std::int64_t resolution, CentreRounding rounding) {
  const c10::InferenceMode guard;
  const bool packed = frame.stride(2) == 1 && frame.stride(1) == 3 && frame.stride(0) >= 3 * frame.size(1);
  const at::Tensor pixels = packed ? frame : frame.contiguous();
  const std::int64_t height = pixels.size(0);
  const std::int64_t width = pixels.size(1);
  const std::int64_t short_side = std::min(height, width);
  ResizedWindow window{};
  window.height = resolution * height / short_side;
  window.width = resolution * width / short_side;
  window.top = centre_offset(window.height - resolution, rounding);
  window.left = centre_offset(window.width - resolution, rounding);
  window.window_height = resolution;
  window.window_width = resolution;
  at::Tensor picture = at::empty({resolution, resolution, 3}, at::kByte);
  resample_bicubic({pixels.const_data_ptr<std::uint8_t>(), width, height, pixels.stride(0)}, window,
                   picture.mutable_data_ptr<std::uint8_t>());
  return picture;
}

at::Tensor normalize(const at::Tensor& pictures) {
  const c10::InferenceMode guard;
  const auto options = at::dtype(at::kFloat).device(pictures.device());
  const at::Tensor mean = at::tensor({0.48145466f, 0.4578275f, 0.40821073f}, options).view({3, 1, 1});
  const at::Tensor deviation = at::tensor({0.26862954f, 0.26130258f, 0.27577711f}, options).view({3, 1, 1});
  at::Tensor x = pictures.permute({0, 3, 1, 2})
                     .to(at::kFloat, /*non_blocking=*/false, /*copy=*/false, at::MemoryFormat::Contiguous);
  return x.div_(255).sub_(mean).div_(deviation);
}

}  // namespace pipit::clip
