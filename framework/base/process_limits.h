// What this process may take of the machine, control groups included, and what it took.
#pragma once

#include <cstdint>

namespace pipit {

/// The CPUs of the affinity mask, cut by the control group's quota (v2 or v1); at least 1.
int available_cpus();

/// Bytes that the kernel can make free, within the limits of this process's control groups.
std::int64_t available_memory();

/// From now on allocations fail that would take this process over so many bytes of memory of its own: what it has
/// written or may write to, files that are mapped to be read aside (RLIMIT_DATA). False when the kernel refuses that.
bool limit_memory(std::int64_t bytes);

/// Peak resident memory of this process, in bytes.
std::int64_t peak_memory();

}  // namespace pipit
