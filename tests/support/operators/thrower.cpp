// An operator whose table lets exceptions through, as an author's own in place of the header's might.
#include <pipit/operator.h>

#include <stdexcept>

namespace {

class Thrower {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Throws through its table.").input("text", "string").output("text", "string");
  }
  Thrower(const pipit::Arguments&, pipit::Context&) {}
  pipit::Value process(const pipit::Row& row) { return row[0]; }
};

const pipit_operator* throwing_table() {
  static pipit_operator table = *pipit::detail::Module<Thrower>::table();
  table.process = [](void*, const pipit_call*, pipit_error*) -> int { throw std::runtime_error("through the table"); };
  return &table;
}

}  // namespace

PIPIT_NOTE("test/text.thrower", "1.0.0", "for tests");
extern "C" __attribute__((visibility("default"))) const pipit_operator* pipit_operator_entry(const pipit_host* host) {
  pipit::detail::module_host = host;
  return throwing_table();
}
