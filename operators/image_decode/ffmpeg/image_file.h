// What the bytes of an image file say of themselves, before any of them is decoded.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "video_decode/ffmpeg/picture.h"

namespace pipit::image {

enum class ImageKind { kJpeg, kPng, kWebp, kBmp };

struct ImageFile {
  ImageKind kind;
  /// How it is to be shown: EXIF's orientation, upright where there is none or one that cannot be.
  video::Orientation orientation;
  /// False when it ends before its end mark (JPEG, PNG) or the size that it promises (WebP, BMP).
  bool whole;

  /// By content alone; nothing when it is no image of a kind that is known. Reads no byte outside of `bytes`.
  static std::optional<ImageFile> parse(std::span<const std::uint8_t> bytes);
};

}  // namespace pipit::image
