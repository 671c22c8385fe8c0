// What a model's config files tell that shapes cannot.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "pipit/weights/clip_checkpoint.h"

namespace pipit::weights {

struct TowerConfig {
  std::int64_t width = 0;  // 0 where it is not said
  std::int64_t heads = 0;
};

struct ClipConfig {
  std::string place;  // "'config.json' beside it"
  std::optional<Activation> activation = {};
  std::optional<TowerConfig> vision = {};
  std::optional<TowerConfig> text = {};
  ClipVariant variant = {};
};

/// What a config is read for. Keys of a tower that is not used are not looked at.
struct ConfigUse {
  bool vision = true;
  bool text = true;
  std::int64_t resolution = 0;  // as the tensors say
  std::int64_t vocabulary = 0;
};

/// "quick_gelu" or "gelu": transformers' names.
std::string_view activation_name(Activation activation);

/// Reads Hugging Face's `config.json`, and its `preprocessor_config.json` or `processor_config.json`, in a folder.
/// Empty where there is none. Throws Fault for one that cannot be understood, that has a key which is not known to
/// change nothing, or that asks for what pipit does not compute.
std::optional<ClipConfig> read_hugging_face_config(const std::filesystem::path& folder, const ConfigUse& use);

/// The same of OpenCLIP's `open_clip_config.json`.
std::optional<ClipConfig> read_open_clip_config(const std::filesystem::path& folder, const ConfigUse& use);

}  // namespace pipit::weights
