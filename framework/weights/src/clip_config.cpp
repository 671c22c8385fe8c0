#include "clip_config.h"

#include <array>
#include <cmath>

#include "fault.h"
#include "json_file.h"

namespace pipit::weights {
namespace {

using Json = nlohmann::json;

std::optional<Json> read_if_there(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return std::nullopt;
  return read_json_object(path);
}

std::string text(const Json& config, const char* key, const char* otherwise) {
  auto found = config.find(key);
  return found != config.end() && found->is_string() ? found->get<std::string>() : otherwise;
}

std::int64_t integer(const Json& config, const char* key, std::int64_t otherwise) {
  auto found = config.find(key);
  return found != config.end() && found->is_number_integer() ? found->get<std::int64_t>() : otherwise;
}

const Json* object(const Json& config, const char* key) {
  auto found = config.find(key);
  return found != config.end() && found->is_object() ? &*found : nullptr;
}

// Other statistics than CLIP's would need other pixels.
void check_normalization(const Json& config, const std::string& file, const std::string& prefix) {
  constexpr std::array kMean = {0.48145466, 0.4578275, 0.40821073};
  constexpr std::array kStd = {0.26862954, 0.26130258, 0.27577711};
  auto check = [&](const std::string& key, const std::array<double, 3>& expected) {
    auto found = config.find(key);
    if (found == config.end() || !found->is_array()) return;
    bool same = found->size() == expected.size();
    for (std::size_t i = 0; same && i < expected.size(); ++i) {
      same = (*found)[i].is_number() && std::abs((*found)[i].get<double>() - expected[i]) < 1e-6;
    }
    if (!same) fail("has {} beside it with {} {}; pipit scales pixels as CLIP does", quote(file), key, found->dump());
  };
  check(prefix + "mean", kMean);
  check(prefix + "std", kStd);
}

// One of Hugging Face's towers. What is left out has the default of transformers' CLIPVisionConfig and CLIPTextConfig.
TowerConfig read_tower(const Json& tower, TowerConfig defaults) {
  auto eps = tower.find("layer_norm_eps");
  if (eps != tower.end() && eps->is_number() && eps->get<double>() != 1e-5) {
    fail("has 'config.json' beside it with layer_norm_eps {}; pipit computes with 1e-05", eps->get<double>());
  }
  return {integer(tower, "hidden_size", defaults.width), integer(tower, "num_attention_heads", defaults.heads)};
}

Activation read_activation(const Json& tower) {
  std::string name = text(tower, "hidden_act", "quick_gelu");
  if (name == "quick_gelu") return Activation::kQuickGelu;
  if (name == "gelu") return Activation::kGelu;
  fail("has 'config.json' beside it with hidden_act {}; pipit computes 'quick_gelu' and 'gelu'", quote(name));
}

}  // namespace

std::string_view activation_name(Activation activation) {
  return activation == Activation::kQuickGelu ? "quick_gelu" : "gelu";
}

std::optional<ClipConfig> read_hugging_face_config(const std::filesystem::path& folder) {
  auto config = read_if_there(folder / "config.json");
  if (!config) return std::nullopt;
  std::string type = text(*config, "model_type", "");
  const Json* vision = type == "clip" ? object(*config, "vision_config") : nullptr;
  const Json* language = type == "clip" ? object(*config, "text_config") : nullptr;
  if (type == "clip_vision_model") vision = &*config;
  if (type == "clip_text_model") language = &*config;
  if (vision == nullptr && language == nullptr) return std::nullopt;

  ClipConfig result{"'config.json' beside it", read_activation(vision != nullptr ? *vision : *language), {}, {}};
  if (language != nullptr && read_activation(*language) != result.activation) {
    fail("has 'config.json' beside it whose towers differ in hidden_act");
  }
  if (auto pixels = read_if_there(folder / "preprocessor_config.json")) {
    check_normalization(*pixels, "preprocessor_config.json", "image_");
  }
  if (vision != nullptr) result.vision = read_tower(*vision, {768, 12});
  if (language != nullptr) result.text = read_tower(*language, {512, 8});
  return result;
}

std::optional<ClipConfig> read_open_clip_config(const std::filesystem::path& folder) {
  auto config = read_if_there(folder / "open_clip_config.json");
  const Json* model = config ? object(*config, "model_cfg") : nullptr;
  const Json* vision = model != nullptr ? object(*model, "vision_cfg") : nullptr;
  const Json* language = model != nullptr ? object(*model, "text_cfg") : nullptr;
  if (vision == nullptr || language == nullptr) return std::nullopt;

  if (const Json* pixels = object(*config, "preprocess_cfg")) {
    check_normalization(*pixels, "open_clip_config.json", "");
  }
  // What is left out has the default of open_clip's CLIPVisionCfg and CLIPTextCfg.
  auto quick = model->find("quick_gelu");
  bool is_quick = quick != model->end() && quick->is_boolean() && quick->get<bool>();
  std::int64_t width = integer(*vision, "width", 768);
  std::int64_t head_width = integer(*vision, "head_width", 64);
  if (head_width <= 0) fail("has 'open_clip_config.json' beside it with head_width {}", head_width);
  return ClipConfig{"'open_clip_config.json' beside it", is_quick ? Activation::kQuickGelu : Activation::kGelu,
                    TowerConfig{width, width / head_width},
                    TowerConfig{integer(*language, "width", 512), integer(*language, "heads", 8)}};
}

}  // namespace pipit::weights
