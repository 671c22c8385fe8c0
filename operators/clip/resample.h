// Pillow's bicubic resize, to the bit, of as much of a picture as is wanted.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pipit::clip {

/// RGB in memory, three bytes a pixel; rows may have padding between them.
struct PictureView {
  const std::uint8_t* data;
  std::int64_t width;
  std::int64_t height;
  std::int64_t row_stride;  // bytes from one row to the next, at least 3·width
};

/// The picture is thought of as resized to width × height; of that, the part whose corner is (left, top) is computed.
struct ResizedWindow {
  std::int64_t width, height;
  std::int64_t left, top;
  std::int64_t window_width, window_height;
};

/// Writes window_width × window_height pixels, densely. Cubic convolution with a = -0.5, widened when shrinking
/// (antialiased), first along rows, then along columns, rounded to bytes in between; weights in fixed point with 22
/// bits. Reference: Pillow, Resample.c.
void resample_bicubic(const PictureView& picture, const ResizedWindow& window, std::uint8_t* out);

}  // namespace pipit::clip
