// TorchScript archives, which LibTorch writes.
#pragma once

#include <filesystem>
#include <string>

#include "pipit/weights/clip_checkpoint.h"

namespace pipit::cli {

/// Opens the library that links LibTorch, which the program does not, and has it read the weights and write the
/// archive, with whichever towers there are. Throws pipit::Error: `unavailable` where there is no such library, and
/// what clip::write_torchscript throws.
void write_torchscript(const std::string& weights, weights::WeightState state, const weights::ClipRequest& request,
                       const std::filesystem::path& file);

}  // namespace pipit::cli
