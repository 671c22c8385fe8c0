// image.to_tensor: a frame's pixels as a tensor.
#include "pipit/operator.h"

#include <memory>

namespace {

class ToTensor {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Gives a frame's pixels as a tensor, without a copy: RGB, [height, width, 3].")
        .input("frame", "frame")
        .output("pixels", "tensor<u8>[?,?,3]");
  }

  ToTensor(const pipit::Arguments&, pipit::Context&) {}

  pipit::Value process(const pipit::Row& row) {
    const pipit::Tensor pixels = row[0].frame().pixels();
    if (!pixels.contiguous()) throw pipit::Error("invalid_input", "the frame's pixels have gaps");
    const auto shape = pixels.shape();
    // The tensor keeps the frame, whose memory it shows.
    return pipit::Tensor::wrap(const_cast<void*>(pixels.raw_data()), pipit::DType::kUInt8, {shape.begin(), shape.end()},
                               std::make_shared<pipit::Value>(row[0]));
  }
};

}  // namespace

PIPIT_OPERATOR("image.to_tensor", "1.0.0", "gives a frame's pixels as a tensor", ToTensor);
