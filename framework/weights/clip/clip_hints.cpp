#include "weights/clip/clip_hints.h"

#include <nlohmann/json.hpp>

#include "weights/config/clip_variant.h"
#include "weights/files/fault.h"

namespace pipit::weights {
namespace {

using Json = nlohmann::ordered_json;

}  // namespace

std::string describe(const ClipHints& hints) {
  Json json;
  if (hints.activation) json["activation"] = activation_name(*hints.activation);
  if (hints.vision_heads) json["vision_heads"] = *hints.vision_heads;
  if (hints.text_heads) json["text_heads"] = *hints.text_heads;
  json.update(variant_json(hints.variant));
  return json.empty() ? "" : json.dump();
}

std::optional<ClipConfig> read_hints(const std::map<std::string, std::string>& metadata) {
  const auto found = metadata.find(kHintsKey);
  if (found == metadata.end()) return std::nullopt;
  const Json json = Json::parse(found->second, nullptr, false);
  ClipConfig config{fmt::format("metadata {}", quote(kHintsKey))};
  bool understood = json.is_object();
  for (const auto& [key, value] : json.items()) {
    if (key == "activation" && value == activation_name(Activation::kQuickGelu)) {
      config.activation = Activation::kQuickGelu;
    } else if (key == "activation" && value == activation_name(Activation::kGelu)) {
      config.activation = Activation::kGelu;
    } else if (key == "vision_heads" && value.is_number_integer()) {
      config.vision = TowerConfig{.heads = value.get<std::int64_t>()};
    } else if (key == "text_heads" && value.is_number_integer()) {
      config.text = TowerConfig{.heads = value.get<std::int64_t>()};
    } else {
      understood = understood && take_variant_key(key, value, config.variant);
    }
  }
  if (!understood) fail("has {} that pipit did not write: {}", config.place, quote(found->second));
  return config;
}

}  // namespace pipit::weights
