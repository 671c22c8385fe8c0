// RGB pictures of another size.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pipit::still {

/// Pixels that somebody else owns: RGB, 8 bit, `stride` bytes from a row to the next.
struct Pixels {
  std::uint8_t* data;
  int width;
  int height;
  std::size_t stride;
};

/// Fills `to` with the whole of `from`, each side scaled by itself: areas are averaged where the picture becomes
/// smaller, in between it is interpolated. Both have at least one pixel. Throws `invalid_input` for a size that
/// FFmpeg's scaler cannot take, std::bad_alloc when memory ends.
void scale(const Pixels& from, const Pixels& to);

}  // namespace pipit::still
