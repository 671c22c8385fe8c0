#include "test_operators.h"

namespace test {

/// Frames at the times in a text.
class Pictures {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("A grey frame at each time in a text.")
        .input("text", "string")
        .output_many("frame", "frame");
  }
  Pictures(const pipit::Arguments&, pipit::Context&) {}
  void process(const pipit::Row& row, pipit::Emitter& out) {
    std::istringstream stream{std::string(row[0].string())};
    pipit::FrameInfo info;
    for (std::string word; stream >> word; ++info.index) {
      info.timestamp_ms = std::strtod(word.c_str(), nullptr);
      pipit::Tensor pixels = pipit::Tensor::empty(pipit::DType::kUInt8, {2, 2, 3});
      std::fill_n(pixels.mutable_data<std::uint8_t>(), 12, std::uint8_t{128});
      if (!out.emit(pipit::Frame::make(info, pixels))) return;
    }
  }
};

}  // namespace test

PIPIT_OPERATOR("test/text.pictures", "1.0.0", "for tests", test::Pictures);
