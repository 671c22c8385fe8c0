// How many CPUs this process may use.
#pragma once

namespace pipit {

/// The CPUs of the affinity mask, cut by the control group's quota (v2 or v1); at least 1.
int available_cpus();

}  // namespace pipit
