// The folder that this runtime is installed in, found from its own code, so that the tree can be moved.
#pragma once

#include <filesystem>

namespace pipit {

/// The file that this code was loaded from (the program, or libpipit.so in a host), absolute: as the kernel mapped it,
/// so that neither the name that the program was started by nor a later change of the working directory matters. Empty
/// where the kernel does not say (no /proc).
std::filesystem::path own_file();

/// The folder that holds operators/, data/ and libtorch/: <prefix>/lib/pipit, absolute. Throws pipit::Error
/// (`unavailable`) where it cannot be found; it is never guessed from the working directory.
const std::filesystem::path& runtime_folder();

}  // namespace pipit
