// What a process that runs a stranger's code gives up, for good.
#pragma once

#include <cstdint>

namespace pipit {

/// From now on this process, all of its threads, has so many bytes of memory of its own (RLIMIT_DATA; not under
/// sanitizers, which need more for themselves), writes no core file, gains no rights by starting programs, and is
/// refused (EPERM) by the kernel, where that has seccomp: to write to, make, rename or remove files (memory aside), to
/// open sockets, to start processes or programs, to signal or look into others, to change what it may take, and to
/// speak to the kernel's administration. Files can be read, threads started. Throws pipit::Error (`unavailable`).
/// False: there is no seccomp here, so that only memory is bounded.
bool confine(std::int64_t memory);

}  // namespace pipit
