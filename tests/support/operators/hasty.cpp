#include "test_operators.h"

namespace test {

/// Many rows at once; the first result that nobody wants ends the call, whoever else is in it.
class Hasty {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Gives back its texts; 'bad' is refused.")
        .input("text", "string")
        .output("text", "string")
        .batch(16);
  }
  Hasty(const pipit::Arguments&, pipit::Context&) {}
  void process(const pipit::Batch& in, pipit::BatchEmitter& out) {
    for (std::uint32_t row = 0; row < in.size(); ++row) {
      if (in[row][0].string() == "bad") {
        out.fail(row, pipit::Error("bad_text", "a text is bad"));
      } else if (!out.emit(row, in[row][0])) {
        return;
      }
    }
  }
};

}  // namespace test

PIPIT_OPERATOR("test/text.hasty", "1.0.0", "for tests", test::Hasty);
