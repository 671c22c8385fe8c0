// TorchScript archives, which LibTorch writes.
#pragma once

#include <filesystem>

#include "pipit/weights/clip_checkpoint.h"

namespace pipit::cli {

/// Opens the library that links LibTorch, which the program does not, and has it write the archive. Throws
/// pipit::Error: `unavailable` where there is no such library, and what clip::write_torchscript throws.
void write_torchscript(const weights::ClipCheckpoint& checkpoint, const std::filesystem::path& file);

}  // namespace pipit::cli
