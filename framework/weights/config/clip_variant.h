// A ClipVariant as JSON: what a converted file carries along of a config.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "pipit/weights/clip_checkpoint.h"

namespace pipit::weights {

/// The keys in which it differs from the ordinary CLIP.
nlohmann::ordered_json variant_json(const ClipVariant& variant);

/// Takes one of those keys; false for another key, or a value that variant_json would not have written.
bool take_variant_key(const std::string& key, const nlohmann::ordered_json& value, ClipVariant& variant);

}  // namespace pipit::weights
