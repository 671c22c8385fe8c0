// Pillow's bicubic and bilinear resize, to the bit, of as much of a picture as is wanted.
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

/// Cubic convolution with a = -0.5, or the triangle.
enum class Filter { kBicubic, kBilinear };

/// Writes window_width × window_height pixels, densely. The filter is widened when shrinking (antialiased), first along
/// rows, then along columns, rounded to bytes in between; weights in fixed point with 22
/// bits. Reference: Pillow, Resample.c.
void resample(const PictureView& picture, const ResizedWindow& window, Filter filter, std::uint8_t* out);

}  // namespace pipit::clip
