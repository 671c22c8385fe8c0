// An image file to RGB pixels.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "media/ffmpeg.h"
#include "media/image/image_file.h"
#include "media/picture.h"

namespace pipit::image {

struct ImageOptions {
  bool auto_rotate = true;  // as EXIF or XMP say
  bool fail_on_corrupt = true;
  std::int64_t max_pixels = 8192 * 8192;
  std::int64_t max_bytes = std::int64_t{256} << 20;  // of the file
};

/// One decoded JPEG, PNG, WebP or BMP; of an animation the first picture. Only the one regular file is ever read; its
/// kind goes by its content; pixels are bounded before memory is taken for them. A picture that is damaged or lacks its
/// end is an error, or one warning and what can be decoded, as fail_on_corrupt says; what lies beside it in the file
/// never is.
///
/// Pixels are what Pillow's convert("RGB") gives: alpha is dropped, a colour profile ignored, black where an
/// animation's first picture leaves its canvas empty; PNG of 8 bits, BMP
/// and lossless WebP to the bit, JPEG but for its inverse cosine transform. One thread at a time.
class Image {
 public:
  /// Throws pipit::Error: `not_found`, `invalid_media`, `limit_exceeded`.
  Image(const std::string& path, const ImageOptions& options, const std::function<void(const std::string&)>& warn);

  video::RgbConverter::Size size() const { return video::RgbConverter::size(*frame_, orientation_); }
  /// Writes size().bytes() bytes.
  void rgb(std::uint8_t* out) const;

 private:
  void place_on(const Canvas& canvas);

  video::FramePtr frame_;
  video::Orientation orientation_;
};

}  // namespace pipit::image
