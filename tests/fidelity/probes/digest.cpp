// test/frame.digest: what a frame is and the MD5 of its pixels, since frames cannot be printed.
extern "C" {
#include <libavutil/base64.h>
#include <libavutil/md5.h>
}

#include <string>
#include <utility>
#include <vector>

#include "pipit/operator.h"

namespace {

class Digest {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("A frame's facts and the MD5 of its RGB pixels.")
        .input("frame", "frame")
        .output("digest", "map")
        .argument("pixels", "bool", "false", "the pixels themselves too, in base 64");
  }

  Digest(const pipit::Arguments& arguments, pipit::Context&) : pixels_(arguments.boolean("pixels")) {}

  pipit::Value process(const pipit::Row& row) const {
    const pipit::Frame frame = row[0].frame();
    const pipit::FrameInfo info = frame.info();
    const pipit::Tensor pixels = frame.pixels();
    const auto* bytes = pixels.data<std::uint8_t>();
    const auto size = static_cast<std::size_t>(pixels.elements());
    std::uint8_t sum[16];
    av_md5_sum(sum, bytes, size);
    std::string text;
    for (const std::uint8_t byte : sum) {
      for (const int nibble : {byte >> 4, byte & 15}) text += "0123456789abcdef"[nibble];
    }
    std::vector<std::pair<std::string, pipit::Value>> facts = {{"index", info.index},      {"ms", info.timestamp_ms},
                                                               {"key", info.key_frame},    {"width", frame.width()},
                                                               {"height", frame.height()}, {"md5", text}};
    if (pixels_) {
      std::string base64(AV_BASE64_SIZE(size), '\0');
      av_base64_encode(base64.data(), static_cast<int>(base64.size()), bytes, static_cast<int>(size));
      base64.pop_back();  // the zero at its end
      facts.emplace_back("pixels", base64);
    }
    return pipit::Value::map(std::move(facts));
  }

 private:
  bool pixels_;
};

}  // namespace

PIPIT_OPERATOR("test/frame.digest", "1.0.0", "for the fidelity suite", Digest);
