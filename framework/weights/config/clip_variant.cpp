#include "weights/config/clip_variant.h"

#include <cmath>

namespace pipit::weights {
namespace {

using Json = nlohmann::ordered_json;

template <class Enum>
struct Name {
  Enum value;
  const char* name;
};

constexpr Name<Resize> kResizes[] = {
    {Resize::kShortest, "shortest"}, {Resize::kSquash, "squash"}, {Resize::kLongest, "longest"}};
constexpr Name<Interpolation> kInterpolations[] = {{Interpolation::kBicubic, "bicubic"},
                                                   {Interpolation::kBilinear, "bilinear"}};
constexpr Name<VisionPool> kVisionPools[] = {{VisionPool::kClassToken, "class_token"},
                                             {VisionPool::kAverage, "average"}};
constexpr Name<TextPool> kTextPools[] = {
    {TextPool::kEndOfText, "end_of_text"}, {TextPool::kFirst, "first"}, {TextPool::kLast, "last"}};

// Gives each field of a variant and its key to `function`, in the order in which they are written.
template <class Variant, class Function>
void for_each_field(Variant& variant, const Function& function) {
  function("resize", variant.picture.resize);
  function("side", variant.picture.side);
  function("interpolation", variant.picture.interpolation);
  function("fill", variant.picture.fill);
  function("factor", variant.picture.factor);
  function("mean", variant.picture.mean);
  function("deviation", variant.picture.deviation);
  function("vision_pool", variant.vision_pool);
  function("norm_after_pool", variant.norm_after_pool);
  function("vision_epsilon", variant.vision_epsilon);
  function("text_pool", variant.text_pool);
  function("causal", variant.causal);
  function("text_epsilon", variant.text_epsilon);
}

template <class Enum, std::size_t n>
Json name_of(const Name<Enum> (&names)[n], Enum value) {
  for (const auto& known : names) {
    if (known.value == value) return known.name;
  }
  return nullptr;
}

Json to_json(Resize value) {
  return name_of(kResizes, value);
}
Json to_json(Interpolation value) {
  return name_of(kInterpolations, value);
}
Json to_json(VisionPool value) {
  return name_of(kVisionPools, value);
}
Json to_json(TextPool value) {
  return name_of(kTextPools, value);
}
template <class Plain>
Json to_json(const Plain& value) {
  return value;
}

template <class Enum, std::size_t n>
bool take_name(const Name<Enum> (&names)[n], const Json& json, Enum& value) {
  for (const auto& known : names) {
    if (json != known.name) continue;
    value = known.value;
    return true;
  }
  return false;
}

bool take(const Json& json, Resize& value) {
  return take_name(kResizes, json, value);
}
bool take(const Json& json, Interpolation& value) {
  return take_name(kInterpolations, json, value);
}
bool take(const Json& json, VisionPool& value) {
  return take_name(kVisionPools, json, value);
}
bool take(const Json& json, TextPool& value) {
  return take_name(kTextPools, json, value);
}
bool take(const Json& json, bool& value) {
  if (json.is_boolean()) value = json.get<bool>();
  return json.is_boolean();
}
bool take(const Json& json, double& value) {
  if (json.is_number()) value = json.get<double>();
  return json.is_number() && std::isfinite(value);
}
bool take(const Json& json, std::int64_t& value) {
  constexpr std::int64_t kLargestSide = 1 << 16;
  if (!json.is_number_integer() || json < 1 || json > kLargestSide) return false;
  value = json.get<std::int64_t>();
  return true;
}
bool take(const Json& json, std::uint8_t& value) {
  if (!json.is_number_integer() || json < 0 || json > 255) return false;
  value = json.get<std::uint8_t>();
  return true;
}
template <class Number>
bool take(const Json& json, std::array<Number, 3>& value) {
  bool good = json.is_array() && json.size() == value.size();
  for (std::size_t i = 0; good && i < value.size(); ++i) good = take(json[i], value[i]);
  return good;
}

}  // namespace

Json variant_json(const ClipVariant& variant) {
  Json ordinary = Json::object();
  const ClipVariant usual;
  for_each_field(usual, [&](const char* key, const auto& value) { ordinary[key] = to_json(value); });
  Json json = Json::object();
  for_each_field(variant, [&](const char* key, const auto& value) {
    Json written = to_json(value);
    if (written != ordinary[key]) json[key] = std::move(written);
  });
  return json;
}

bool take_variant_key(const std::string& key, const Json& value, ClipVariant& variant) {
  bool taken = false;
  for_each_field(variant,
                 [&](const char* known, auto& field) { taken = taken || (key == known && take(value, field)); });
  return taken;
}

std::string describe_variant(const ClipVariant& variant) {
  const Json json = variant_json(variant);
  return json.empty() ? "" : json.dump();
}

}  // namespace pipit::weights
