#include "weights/config/picture_config.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace pipit::weights {
namespace {

using Json = nlohmann::json;
using Three = std::array<double, 3>;

// Three numbers. Those that differ from `usual` only in how they were written are `usual`.
Three read_three(ConfigReader& config, const std::string& key, const Three& usual) {
  const Json* value = config.find(key);
  if (value == nullptr) return usual;
  constexpr const char* kExpected = "expected three numbers";
  if (!value->is_array() || value->size() != usual.size()) config.refuse(key, kExpected);
  Three numbers{};
  bool same = true;
  for (std::size_t i = 0; i < usual.size(); ++i) {
    if (!(*value)[i].is_number()) config.refuse(key, kExpected);
    numbers[i] = (*value)[i].get<double>();
    same = same && std::abs(numbers[i] - usual[i]) < 1e-6;
  }
  return same ? usual : numbers;
}

Three read_deviation(ConfigReader& config, const std::string& key) {
  const Three deviation = read_three(config, key, PictureRule().deviation);
  for (const double number : deviation) {
    if (!(number > 0)) config.refuse(key, "expected numbers above 0");
  }
  return deviation;
}

// The side of a square that is given as 224, [224, 224] or {"height": 224, "width": 224}; 0 for anything else.
std::int64_t square_side(const Json& value) {
  const auto side = [](const Json& one) { return one.is_number_integer() ? one.get<std::int64_t>() : 0; };
  if (value.is_number_integer()) return side(value);
  if (value.is_array() && value.size() == 2 && value[0] == value[1]) return side(value[0]);
  if (value.is_object() && value.size() == 2 && value.contains("height") && value.contains("width") &&
      value["height"] == value["width"]) {
    return side(value["height"]);
  }
  return 0;
}

std::string expected_square(std::int64_t resolution) {
  return fmt::format("the vision tower takes pictures of {0}x{0}", resolution);
}

std::array<std::uint8_t, 3> read_fill(ConfigReader& config, const std::string& key) {
  const Json* value = config.find(key);
  if (value == nullptr) return {0, 0, 0};
  std::array<std::uint8_t, 3> fill{};
  for (std::size_t i = 0; i < fill.size(); ++i) {
    const Json& one = value->is_array() && value->size() == fill.size() ? (*value)[i] : *value;
    if (!one.is_number_integer() || one < 0 || one > 255) config.refuse(key, "expected 0 to 255, or three of them");
    fill[i] = one.get<std::uint8_t>();
  }
  return fill;
}

// How a picture is made as large as Hugging Face's `size` says, before a square of `resolution` is cut out of it.
void read_size(ConfigReader& config, std::int64_t resolution, PictureRule& rule) {
  const bool square = config.boolean("default_to_square", false);
  const Json* value = config.find("size");
  std::int64_t side = 224;
  rule.resize = Resize::kShortest;
  if (value != nullptr && value->is_object() && value->size() == 1 && value->contains("shortest_edge")) {
    side = square_side((*value)["shortest_edge"]);
  } else if (value != nullptr) {
    side = square_side(*value);
    if (!value->is_number_integer() || square) rule.resize = Resize::kSquash;
  }
  if (side <= 0) config.refuse("size", "pipit takes the shortest edge, or one number for height and width");
  if (side < resolution) config.refuse("size", fmt::format("{}, and does not pad", expected_square(resolution)));
  rule.side = side == resolution ? 0 : side;
}

}  // namespace

PictureRule read_open_clip_picture(ConfigReader config, std::int64_t resolution) {
  PictureRule rule;
  if (const Json* size = config.find("size"); size != nullptr && square_side(*size) != resolution) {
    config.refuse("size", expected_square(resolution));
  }
  if (config.text("mode", "RGB") != "RGB") config.refuse("mode", "pipit computes with 'RGB'");
  const std::string resize = config.text("resize_mode", "shortest");
  if (resize == "squash") {
    rule.resize = Resize::kSquash;
  } else if (resize == "longest") {
    rule.resize = Resize::kLongest;
  } else if (resize != "shortest") {
    config.refuse("resize_mode", "pipit computes 'shortest', 'squash' and 'longest'");
  }
  // A random one is for training; without training it is bicubic.
  const std::string interpolation = config.text("interpolation", "bicubic");
  if (interpolation == "bilinear") {
    rule.interpolation = Interpolation::kBilinear;
  } else if (interpolation != "bicubic" && interpolation != "random") {
    config.refuse("interpolation", "pipit computes 'bicubic' and 'bilinear'");
  }
  rule.fill = read_fill(config, "fill_color");
  if (rule.resize != Resize::kLongest) rule.fill = {0, 0, 0};
  rule.mean = read_three(config, "mean", rule.mean);
  rule.deviation = read_deviation(config, "std");
  config.refuse_rest();
  return rule;
}

PictureRule read_hugging_face_picture(ConfigReader config, std::int64_t resolution) {
  PictureRule rule;
  // Other processors have other defaults, and other arithmetic.
  for (const char* key : {"image_processor_type", "feature_extractor_type"}) {
    const std::string type = config.text(key, "CLIPImageProcessor");
    if (type != "CLIPImageProcessor" && type != "CLIPImageProcessorFast" && type != "CLIPImageProcessorPil" &&
        type != "CLIPFeatureExtractor") {
      config.refuse(key, "pipit computes what 'CLIPImageProcessor' does");
    }
  }
  if (!config.boolean("do_resize", true)) config.refuse("do_resize", expected_square(resolution));
  read_size(config, resolution, rule);
  const Json* crop = config.find("crop_size");
  if (config.boolean("do_center_crop", true)) {
    if ((crop == nullptr ? 224 : square_side(*crop)) != resolution) {
      config.refuse("crop_size", expected_square(resolution));
    }
  } else if (rule.resize != Resize::kSquash || rule.side != 0) {
    config.refuse("do_center_crop", fmt::format("{}, and 'size' makes others", expected_square(resolution)));
  }
  const std::int64_t resample = config.integer("resample", 3);
  if (resample == 2) {
    rule.interpolation = Interpolation::kBilinear;
  } else if (resample != 3) {
    config.refuse("resample", "pipit computes 2 (bilinear) and 3 (bicubic)");
  }
  const double factor = config.number("rescale_factor", rule.factor);
  if (!std::isfinite(factor)) config.refuse("rescale_factor", "expected a finite number");
  if (!config.boolean("do_rescale", true)) {
    rule.factor = 1;
  } else if (std::abs(factor - rule.factor) > 1e-9) {
    rule.factor = factor;
  }
  const Three mean = read_three(config, "image_mean", rule.mean);
  const Three deviation = read_deviation(config, "image_std");
  const bool normalizes = config.boolean("do_normalize", true);
  rule.mean = normalizes ? mean : Three{0, 0, 0};
  rule.deviation = normalizes ? deviation : Three{1, 1, 1};
  config.require_off({"do_pad", "pad_size", "use_square_size"});
  // Frames are RGB already; the rest says how Python hands arrays over.
  config.ignore({"do_convert_rgb", "processor_class", "data_format", "input_data_format", "device", "return_tensors",
                 "disable_grouping", "_valid_processor_keys", "_processor_class"});
  config.refuse_rest();
  return rule;
}

}  // namespace pipit::weights
