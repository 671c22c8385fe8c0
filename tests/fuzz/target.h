// What every fuzz target does: hand bytes to a reader, which may refuse them with pipit::Error and may do nothing
// worse.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace fuzz {

/// Opens the bytes as a checkpoint, reads each element that its tensors can reach, and makes a CLIP of it.
void read_checkpoint(std::span<const std::byte> bytes);

/// A folder of this process, removed at its end.
const std::filesystem::path& folder();
/// Puts bytes into a file of that folder.
std::filesystem::path write(const std::string& name, std::span<const std::byte> bytes);

}  // namespace fuzz
