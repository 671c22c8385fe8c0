#include "test_operators.h"

namespace test {

/// Emits from two threads at once what begins with '!'.
class Astray {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Gives back its texts.").input("text", "string").output_many("text", "string");
  }
  Astray(const pipit::Arguments&, pipit::Context&) {}
  void process(const pipit::Row& row, pipit::Emitter& out) {
    const auto give = [&] {
      for (int i = 0; i < 100 && !out.stop_requested(); ++i) out.emit(row[0]);
    };
    if (!row[0].string().starts_with('!')) {
      out.emit(row[0]);
      return;
    }
    std::thread other(give);
    give();
    other.join();
  }
};

}  // namespace test

PIPIT_OPERATOR("test/text.astray", "1.0.0", "for tests", test::Astray);
