#include "weights/clip/clip_hyperparameters.h"

#include "weights/files/fault.h"

namespace pipit::weights {
namespace {

constexpr std::int64_t kHeadWidth = 64;

// OpenCLIP's H, g, bigG and e, whose heads are 80 to 112 wide.
bool is_unusual(std::int64_t width) {
  return width == 1280 || width == 1408 || width == 1664 || width == 1792;
}

}  // namespace

Activation ClipHyperparameters::activation() {
  const std::optional<Activation> config = config_ ? config_->activation : std::nullopt;
  if (config && request_.activation && *request_.activation != *config) {
    fail("has {} that says {}, and activation says {}", config_->place, activation_name(*config),
         activation_name(*request_.activation));
  }
  hints_.activation = config ? config : request_.activation;
  if (hints_.activation) return *hints_.activation;
  assumptions_.push_back("activation quick_gelu is assumed, as in OpenAI's models; the file does not tell");
  return Activation::kQuickGelu;
}

std::int64_t ClipHyperparameters::heads(Part part, std::int64_t width, const TowerUse& use) {
  std::string_view tower = part == Part::kVision ? "vision" : "text";
  std::optional<std::int64_t> given = use.asked ? request_.heads : std::nullopt;
  std::optional<std::int64_t> heads = config_heads(part, width);
  if (heads && given && *heads != *given) {
    fail("has {} that gives the {} tower {} heads, and heads says {}", config_->place, tower, *heads, *given);
  }
  if (!heads) heads = given;
  (part == Part::kVision ? hints_.vision_heads : hints_.text_heads) = heads;
  if (!heads && width % kHeadWidth == 0 && !is_unusual(width)) {
    heads = width / kHeadWidth;
    if (!use.named && use.needed) {
      assumptions_.push_back(fmt::format("{} heads of the {} tower are assumed, width/64", *heads, tower));
    }
  }
  if (!heads && !use.needed) return 0;
  if (!heads) {
    constexpr std::string_view kRemedy = "give it as heads, or put the model's config.json beside the file";
    fail("has a {} tower of width {}, whose number of heads shapes do not show; {}", tower, width, kRemedy);
  }
  if (*heads <= 0 || width % *heads != 0) {
    fail("has a {} tower of width {}, which {} heads do not divide", tower, width, *heads);
  }
  return *heads;
}

std::optional<std::int64_t> ClipHyperparameters::config_heads(Part part, std::int64_t width) const {
  const auto* tower = config_ ? (part == Part::kVision ? &config_->vision : &config_->text) : nullptr;
  if (tower == nullptr || !*tower) return std::nullopt;
  if ((*tower)->width != 0 && (*tower)->width != width) {
    fail("has {} that says width {}, and its tensors say {}", config_->place, (*tower)->width, width);
  }
  return (*tower)->heads;
}

}  // namespace pipit::weights
