#include "test_operators.h"

namespace test {

/// Emits one value too few for a text of an odd length.
class Miscount {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Gives a text and its length.")
        .input("text", "string")
        .output("same", "string")
        .output("length", "int");
  }
  Miscount(const pipit::Arguments&, pipit::Context&) {}
  void process(const pipit::Row& row, pipit::Emitter& out) {
    const auto length = static_cast<std::int64_t>(row[0].string().size());
    if (length % 2 == 1) {
      out.emit(row[0]);
    } else {
      out.emit({row[0], length});
    }
  }
};

}  // namespace test

PIPIT_OPERATOR("test/text.miscount", "1.0.0", "for tests", test::Miscount);
