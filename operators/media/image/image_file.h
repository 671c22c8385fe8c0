// What the bytes of an image file say of themselves, before any of them is decoded.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "media/image/bytes.h"
#include "media/picture.h"

namespace pipit::image {

enum class ImageKind { kJpeg, kPng, kWebp, kBmp };

/// Where a picture stands that is smaller than what is shown; around it is black.
struct Canvas {
  int width;
  int height;
  int x;
  int y;
};

struct ImageFile {
  ImageKind kind;
  /// How it is to be shown: EXIF's orientation, or XMP's; upright where there is none or one that cannot be.
  video::Orientation orientation{};
  /// False when bytes of the picture are missing as far as the file's structure tells. What lies beside the picture
  /// (texts, profiles, thumbnails, sizes in headers) does not decide that.
  bool whole = true;
  /// True when a sum in the file is not that of the picture's bytes.
  bool damaged = false;
  /// What a codec gets instead of the file: the picture without what lies beside it, of several pictures the first.
  std::optional<std::vector<std::uint8_t>> picture{};
  std::optional<Canvas> canvas{};  // of an animation's first picture

  /// By content alone; nothing when it is not an image of a kind that is known. Reads no byte outside of `bytes`.
  static std::optional<ImageFile> parse(std::span<const std::uint8_t> bytes);
};

/// The parsers of each kind, which is known by the first bytes.
ImageFile parse_jpeg(const Bytes& file);
ImageFile parse_png(const Bytes& file);
ImageFile parse_webp(const Bytes& file);
ImageFile parse_bmp(const Bytes& file);

/// What else a file may be, with its article: "a HEIC image", "an HTML page"; empty when that is not known.
std::string_view other_kind(std::span<const std::uint8_t> bytes);

}  // namespace pipit::image
