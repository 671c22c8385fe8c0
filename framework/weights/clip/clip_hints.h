// What a converted file carries along of the config that lay beside its source.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "weights/config/clip_config.h"

namespace pipit::weights {

/// The metadata's key.
inline constexpr const char* kHintsKey = "pipit.clip";

/// {"activation":"gelu","vision_heads":12,"text_heads":8,"resize":"squash"}; empty where nothing was told.
std::string describe(const ClipHints& hints);

/// Empty where the metadata has none. Throws Fault for what `describe` would not have written.
std::optional<ClipConfig> read_hints(const std::map<std::string, std::string>& metadata);

}  // namespace pipit::weights
