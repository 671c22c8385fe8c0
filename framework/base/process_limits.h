// What this process may take of the machine, control groups included, and what it took.
#pragma once

#include <cstdint>

namespace pipit {

/// The CPUs of the affinity mask, cut by the control group's quota (v2 or v1); at least 1.
int available_cpus();

/// Bytes that the kernel can make free, within the limits of this process's control groups.
std::int64_t available_memory();

/// Peak resident memory of this process, in bytes.
std::int64_t peak_memory();

}  // namespace pipit
