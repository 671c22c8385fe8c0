// What a model's config file tells that shapes cannot.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "pipit/weights/clip_checkpoint.h"

namespace pipit::weights {

struct TowerConfig {
  std::int64_t width = 0;
  std::int64_t heads = 0;
};

struct ClipConfig {
  std::string name;  // of the file
  Activation activation = Activation::kQuickGelu;
  std::optional<TowerConfig> vision;
  std::optional<TowerConfig> text;
};

/// Reads Hugging Face's `config.json` in a folder. Empty where there is none, or it describes another kind of model.
/// Throws Fault for one that cannot be understood, or that asks for what pipit does not compute.
std::optional<ClipConfig> read_hugging_face_config(const std::filesystem::path& folder);

/// The same of OpenCLIP's `open_clip_config.json`.
std::optional<ClipConfig> read_open_clip_config(const std::filesystem::path& folder);

}  // namespace pipit::weights
