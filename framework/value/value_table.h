// The function table that values are made and read by.
#pragma once

#include "pipit/operator_c.h"

namespace pipit {

/// The table of this process, which pipit_host_table() gives. The half that makes and reads values is there from
/// the start; runtime_table() in module/ fills in the other half before an operator can ask for it.
pipit_host& host_table();

}  // namespace pipit
