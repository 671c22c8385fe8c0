// From a video frame to the picture that a vision tower looks at.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "clip/api.h"
#include "pipit/weights/clip_checkpoint.h"

namespace pipit::clip {

/// Where the centre lies when an odd number of pixels is to go: half of it to even, as Python rounds and torchvision
/// crops, or down, as Hugging Face's image processor crops.
enum class CentreRounding { kHalfToEven, kDown };

/// Makes a frame the square of side `resolution` that the vision tower looks at, as `rule` says: by default resizes so
/// that the short side is `resolution` and cuts the centre square out. `frame` is uint8 RGB [height, width, 3] on the
/// CPU, of any strides; the result is uint8 [resolution, resolution, 3]. Reference: openai/CLIP, clip/clip.py:
/// Resize(bicubic) and CenterCrop on Pillow images; the result is the same to the bit. Throws pipit::Error
/// (`invalid_media`) for a frame so narrow that nothing of it is left.
PIPIT_CLIP_API at::Tensor resize_and_crop(const at::Tensor& frame, std::int64_t resolution,
                                          CentreRounding rounding = CentreRounding::kHalfToEven,
                                          const weights::PictureRule& rule = {});

/// uint8 [n, h, w, 3] to float32 [n, 3, h, w]: by default over 255, less CLIP's mean, over its deviation. On the device
/// of `pictures`.
PIPIT_CLIP_API at::Tensor normalize(const at::Tensor& pictures, const weights::PictureRule& rule = {});

}  // namespace pipit::clip
