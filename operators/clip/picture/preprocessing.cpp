#include "clip/picture/preprocessing.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "clip/picture/resample.h"
#include "pipit/error.h"

namespace pipit::clip {
namespace {

std::int64_t centre_offset(std::int64_t spare, CentreRounding rounding) {
  const std::int64_t half = spare / 2;
  const bool up = rounding == CentreRounding::kHalfToEven && spare % 2 != 0 && half % 2 != 0;
  return half + (up ? 1 : 0);
}

/// The resized picture's sides, and what of it is kept: the part that begins at (left, top), which is negative where
/// there is less than the square.
ResizedWindow place(std::int64_t height, std::int64_t width, std::int64_t resolution, CentreRounding rounding,
                    const weights::PictureRule& rule) {
  const std::int64_t side = rule.side > 0 ? rule.side : resolution;
  const std::int64_t short_side = std::min(height, width);
  ResizedWindow window{};
  if (rule.resize == weights::Resize::kLongest) {
    // Reference: open_clip, transform.py: ResizeKeepRatio(longest=1) and CenterCropOrPad.
    const double ratio = static_cast<double>(std::max(height, width)) / static_cast<double>(resolution);
    window.height = std::llrint(static_cast<double>(height) / ratio);
    window.width = std::llrint(static_cast<double>(width) / ratio);
    window.top = -((resolution - window.height) / 2);
    window.left = -((resolution - window.width) / 2);
    return window;
  }
  const bool squash = rule.resize == weights::Resize::kSquash;
  window.height = squash ? side : side * height / short_side;
  window.width = squash ? side : side * width / short_side;
  window.top = centre_offset(window.height - resolution, rounding);
  window.left = centre_offset(window.width - resolution, rounding);
  return window;
}

at::Tensor filled_square(std::int64_t resolution, const std::array<std::uint8_t, 3>& colour) {
  at::Tensor picture = at::empty({resolution, resolution, 3}, at::kByte);
  for (std::int64_t i = 0; i < 3; ++i) picture.select(2, i).fill_(colour[static_cast<std::size_t>(i)]);
  return picture;
}

}  // namespace

at::Tensor resize_and_crop(const at::Tensor& frame, std::int64_t resolution, CentreRounding rounding,
                           const weights::PictureRule& rule) {
  const c10::InferenceMode guard;
  const bool packed = frame.stride(2) == 1 && frame.stride(1) == 3 && frame.stride(0) >= 3 * frame.size(1);
  const at::Tensor pixels = packed ? frame : frame.contiguous();
  const std::int64_t height = pixels.size(0);
  const std::int64_t width = pixels.size(1);
  ResizedWindow window = place(height, width, resolution, rounding, rule);
  if (window.height < 1 || window.width < 1) {
    throw Error("invalid_media",
                fmt::format("a picture of {}x{} is too narrow: resized to a long side of {}, nothing of "
                            "it is left",
                            width, height, resolution));
  }
  const std::int64_t top = std::max<std::int64_t>(-window.top, 0);
  const std::int64_t left = std::max<std::int64_t>(-window.left, 0);
  window.top = std::max<std::int64_t>(window.top, 0);
  window.left = std::max<std::int64_t>(window.left, 0);
  window.window_height = std::min(resolution, window.height);
  window.window_width = std::min(resolution, window.width);
  const PictureView view = {pixels.const_data_ptr<std::uint8_t>(), width, height, pixels.stride(0)};
  at::Tensor part = at::empty({window.window_height, window.window_width, 3}, at::kByte);
  const bool bilinear = rule.interpolation == weights::Interpolation::kBilinear;
  resample(view, window, bilinear ? Filter::kBilinear : Filter::kBicubic, part.mutable_data_ptr<std::uint8_t>());
  if (window.window_height == resolution && window.window_width == resolution) return part;
  at::Tensor picture = filled_square(resolution, rule.fill);
  picture.narrow(0, top, window.window_height).narrow(1, left, window.window_width).copy_(part);
  return picture;
}

at::Tensor normalize(const at::Tensor& pictures, const weights::PictureRule& rule) {
  const c10::InferenceMode guard;
  const auto options = at::dtype(at::kFloat).device(pictures.device());
  const auto planes = [&](const std::array<double, 3>& numbers) {
    return at::tensor({static_cast<float>(numbers[0]), static_cast<float>(numbers[1]), static_cast<float>(numbers[2])},
                      options)
        .view({3, 1, 1});
  };
  at::Tensor x = pictures.permute({0, 3, 1, 2})
                     .to(at::kFloat, /*non_blocking=*/false, /*copy=*/false, at::MemoryFormat::Contiguous);
  // Dividing by 255 rounds once, as CLIP does.
  if (rule.factor == weights::PictureRule().factor) {
    x.div_(255);
  } else {
    x.mul_(rule.factor);
  }
  return x.sub_(planes(rule.mean)).div_(planes(rule.deviation));
}

}  // namespace pipit::clip
