// test/frame.picture: the picture that a vision tower sees of a frame, before its numbers are normalized.
#include "clip/picture/preprocessing.h"
#include "pipit/operator.h"
#include "pipit/torch.h"

namespace {

using pipit::clip::CentreRounding;

class Picture {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("A frame resized and cropped as CLIP sees it.")
        .input("frame", "frame")
        .output("picture", "tensor<u8>[?,?,3]")
        .argument("resolution", "int", "224", "of the model")
        .argument("rounding", "enum(half_to_even|down)", "half_to_even", "of the crop's place");
  }

  Picture(const pipit::Arguments& arguments, pipit::Context&)
      : resolution_(arguments.integer("resolution")),
        rounding_(arguments.string("rounding") == "down" ? CentreRounding::kDown : CentreRounding::kHalfToEven) {}

  pipit::Value process(const pipit::Row& row) const {
    return pipit::from_torch(
        pipit::clip::resize_and_crop(pipit::to_torch(row[0].frame().pixels()), resolution_, rounding_));
  }

 private:
  std::int64_t resolution_;
  CentreRounding rounding_;
};

}  // namespace

PIPIT_OPERATOR("test/frame.picture", "1.0.0", "for the fidelity suite", Picture);
