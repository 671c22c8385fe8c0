// What the targets of weight files do: hand bytes to a reader, which may refuse them with pipit::Error and may do
// nothing worse.
#pragma once

#include <cstddef>
#include <span>

namespace fuzz {

/// Opens the bytes as a checkpoint, reads each element that its tensors can reach, and makes a CLIP of it.
void read_checkpoint(std::span<const std::byte> bytes);

}  // namespace fuzz
