#include <pipit/operator.h>

namespace {

class Pass {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Gives back its input.").input("number", "int").output("number", "int");
  }
  Pass(const pipit::Arguments&, pipit::Context&) {}
  pipit::Value process(const pipit::Row& row) { return row[0]; }
};

}  // namespace

PIPIT_OPERATOR("bench/chain.pass", "1.0.0", "a link of the chain", Pass);
