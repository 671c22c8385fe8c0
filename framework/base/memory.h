// Main memory: what this process can still take, and what it took.
#pragma once

#include <cstdint>

namespace pipit {

/// Bytes that the kernel can make free, within the limits of this process's
/// control groups.
std::int64_t available_memory();

/// Peak resident memory of this process, in bytes.
std::int64_t peak_memory();

}  // namespace pipit
