// A module whose static constructor throws.
#include <pipit/operator_c.h>

#include <stdexcept>

PIPIT_NOTE("broken.throws", "1.0.0", "broken on purpose");

namespace {
const int kThrown = [] {
  if (PIPIT_ABI_MAJOR > 0) throw std::runtime_error("from a static constructor");
  return 0;
}();
}  // namespace

extern "C" __attribute__((visibility("default"))) const pipit_operator* pipit_operator_entry(const pipit_host*) {
  return reinterpret_cast<const pipit_operator*>(&kThrown);
}
