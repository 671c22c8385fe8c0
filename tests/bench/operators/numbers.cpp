#include <pipit/operator.h>

namespace {

class Numbers {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Numbers from 0.").input("count", "int").output_many("number", "int");
  }
  Numbers(const pipit::Arguments&, pipit::Context&) {}
  void process(const pipit::Row& row, pipit::Emitter& out) {
    for (std::int64_t i = 0; i < row[0].integer(); ++i) {
      if (!out.emit(i)) return;
    }
  }
};

}  // namespace

PIPIT_OPERATOR("bench/chain.numbers", "1.0.0", "the source of the chain", Numbers);
