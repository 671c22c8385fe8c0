#include "value/value_table.h"

#include "value/object.h"

namespace pipit {

pipit_host& host_table() {
  static pipit_host table = [] {
    pipit_host fresh{};
    fresh.struct_size = sizeof(pipit_host);
    fresh.abi_major = PIPIT_ABI_MAJOR;
    fresh.abi_minor = PIPIT_ABI_MINOR;
    fill_value_functions(fresh);
    return fresh;
  }();
  return table;
}

}  // namespace pipit

extern "C" const pipit_host* pipit_host_table() {
  return &pipit::host_table();
}
