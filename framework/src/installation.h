// Where this runtime is installed, found from where its own code lies, so that the tree can be moved.
#pragma once

#include <filesystem>

namespace pipit {

/// The folder that holds operators/, data/ and libtorch/: <prefix>/lib/pipit.
const std::filesystem::path& runtime_folder();

}  // namespace pipit
