#include "test_operators.h"

namespace test {

/// A window of frames as a text.
class Film {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("The times of frames side by side.")
        .input_window("frame", "frame")
        .output("text", "string");
  }
  Film(const pipit::Arguments&, pipit::Context&) {}
  pipit::Value process(const pipit::Row& row) {
    std::string text;
    for (const pipit::Value& frame : row[0].list()) {
      text += (text.empty() ? "" : ",") + std::to_string(std::llround(frame.frame().info().timestamp_ms));
    }
    return text;
  }
};

}  // namespace test

PIPIT_OPERATOR("test/text.film", "1.0.0", "for tests", test::Film);
