#include "test_operators.h"

namespace test {

/// Many rows out for each of many rows in, the last row's first.
class Backwards {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Gives its texts from the end.")
        .input("text", "string")
        .output_many("text", "string")
        .batch(16);
  }
  Backwards(const pipit::Arguments&, pipit::Context&) {}
  void process(const pipit::Batch& in, pipit::BatchEmitter& out) {
    for (std::uint32_t row = in.size(); row-- > 0;) out.emit(row, in[row][0]);
  }
};

}  // namespace test

PIPIT_OPERATOR("test/text.backwards", "1.0.0", "for tests", test::Backwards);
