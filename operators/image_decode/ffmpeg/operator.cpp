// image_decode.ffmpeg: the path of an image becomes its pixels.
#include "pipit/operator.h"

#include <climits>

#include "media/image/image_decoder.h"

namespace {

using pipit::image::ImageOptions;

class DecodeImage {
 public:
  static pipit::Signature signature() {
    const ImageOptions defaults;
    return pipit::Signature("Decodes a local JPEG, PNG, WebP or BMP file to RGB.")
        .input("path", "string", "of an image file; never taken for a URL")
        .output("image", "frame", "as a video's frame, so that whatever takes frames takes images")
        .argument("auto_rotate", "bool", "true", "turn the image as EXIF or XMP say it is to be shown")
        .argument("on_corrupt", "enum(fail|warn)", "fail",
                  "a damaged or cut image fails, or gives what can be decoded, with a warning")
        .argument("max_pixels", "int", std::to_string(defaults.max_pixels), "limit of an image")
        .between(1, kMost)
        .argument("max_bytes", "int", std::to_string(defaults.max_bytes), "limit of a file")
        .between(1, kMost);
  }

  DecodeImage(const pipit::Arguments& arguments, pipit::Context& context) : context_(context) {
    options_.auto_rotate = arguments.boolean("auto_rotate");
    options_.fail_on_corrupt = arguments.string("on_corrupt") == "fail";
    options_.max_pixels = arguments.integer("max_pixels");
    options_.max_bytes = arguments.integer("max_bytes");
  }

  pipit::Value process(const pipit::Row& row) {
    const pipit::image::Image image(std::string(row[0].string()), options_, [this](const std::string& message) {
      context_.warn(message);
      context_.count("damaged_images");
    });
    const auto size = image.size();
    pipit::Tensor pixels = pipit::Tensor::empty(pipit::DType::kUInt8, {size.height, size.width, 3});
    image.rgb(pixels.mutable_data<std::uint8_t>());
    return pipit::Frame::make({.key_frame = true, .estimated_frames = 1}, pixels);
  }

 private:
  static constexpr int kMost = INT_MAX - 64;  // FFmpeg counts in int

  pipit::Context& context_;
  ImageOptions options_;
};

}  // namespace

PIPIT_OPERATOR("image_decode.ffmpeg", "1.0.0", "decodes an image file to a frame", DecodeImage);
