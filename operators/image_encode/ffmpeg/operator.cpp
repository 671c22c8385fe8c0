// image_encode.ffmpeg: a frame becomes the bytes of an image file.
#include "pipit/operator.h"

#include <climits>

#include "media/still/image_encoder.h"

namespace {

using pipit::still::ImageEncoder;
using pipit::still::ImageFormat;

class EncodeImage {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Encodes a frame as a JPEG or PNG file, in memory.")
        .input("image", "frame")
        .output("file", "bytes", "of the image file")
        .argument("format", "enum(jpeg|png)", "jpeg", "JPEG is small, PNG keeps every pixel")
        .argument("quality", "int", "85", "of a JPEG")
        .between(1, 100);
  }

  EncodeImage(const pipit::Arguments& arguments, pipit::Context&)
      : encoder_(arguments.string("format") == "png" ? ImageFormat::kPng : ImageFormat::kJpeg,
                 static_cast<int>(arguments.integer("quality"))) {}

  pipit::Value process(const pipit::Row& row) {
    const pipit::Frame frame = row[0].frame();
    const pipit::Tensor& pixels = frame.pixels();
    if (!pixels.contiguous()) throw pipit::Error("invalid_input", "the frame's pixels have gaps");
    if (frame.width() < 1 || frame.height() < 1 || frame.width() > INT_MAX / 3 || frame.height() > INT_MAX) {
      throw pipit::Error("invalid_input", "an image of " + std::to_string(frame.width()) + " × " +
                                              std::to_string(frame.height()) + " pixels cannot be encoded");
    }
    return pipit::Value::bytes(encoder_.encode(pixels.data<std::uint8_t>(), static_cast<int>(frame.width()),
                                               static_cast<int>(frame.height())));
  }

 private:
  ImageEncoder encoder_;
};

}  // namespace

PIPIT_OPERATOR("image_encode.ffmpeg", "1.0.0", "encodes a frame as an image file", EncodeImage);
