// A place for the files that a target gives to readers of files.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace fuzz {

/// A folder of this process, removed at its end.
const std::filesystem::path& folder();
/// Puts bytes into a file of that folder.
std::filesystem::path write(const std::string& name, std::span<const std::byte> bytes);

}  // namespace fuzz
