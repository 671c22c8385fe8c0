// An RGB picture as the bytes of an image file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "media/ffmpeg.h"

namespace pipit::still {

enum class ImageFormat { kJpeg, kPng };

/// Writes JPEG (baseline, chroma halved both ways, BT.601 in full range, as JFIF has it) or PNG (8 bit RGB). Used by
/// one thread at a time. What an image of the size before needed is kept.
class ImageEncoder {
 public:
  /// `quality` from 1 to 100 is JPEG's; PNG loses nothing.
  ImageEncoder(ImageFormat format, int quality) : format_(format), quality_(quality) {}

  /// `pixels` are width × height × 3 bytes, rows packed. Throws `invalid_input` for a size that the format does not
  /// have, std::bad_alloc when memory ends.
  std::vector<std::byte> encode(const std::uint8_t* pixels, int width, int height);

 private:
  void prepare(int width, int height);
  void fill(const std::uint8_t* pixels, int width, int height);

  ImageFormat format_;
  int quality_;
  video::CodecPtr codec_;  // with the frame and the scaler, for one size
  video::FramePtr frame_;
  video::SwsPtr sws_;
  std::vector<std::uint8_t> pairs_;
};

}  // namespace pipit::still
