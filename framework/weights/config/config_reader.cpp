#include "weights/config/config_reader.h"

#include "weights/files/fault.h"

namespace pipit::weights {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kUnknown =
    "pipit does not know that key; if it changes no vector, take it out of the file, else the model cannot be run";
constexpr std::string_view kUnsupported = "pipit does not compute that; take a model without it";

// A value as the file has it, cut where it gets long.
std::string shown(const Json& value) {
  constexpr std::size_t kLongest = 100;
  const std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  return text.size() > kLongest ? text.substr(0, kLongest) + "…" : text;
}

bool is_off(const Json& value) {
  return value.is_null() || value == false || (value.is_structured() && value.empty());
}

}  // namespace

const Json* ConfigReader::find(const std::string& key) {
  seen_.insert(key);
  const auto found = object_.find(key);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

std::string ConfigReader::text(const std::string& key, const std::string& otherwise) {
  const Json* value = find(key);
  if (value == nullptr) return otherwise;
  if (!value->is_string()) refuse(key, "expected a text");
  return value->get<std::string>();
}

std::int64_t ConfigReader::integer(const std::string& key, std::int64_t otherwise) {
  const Json* value = find(key);
  if (value == nullptr) return otherwise;
  const bool fits =
      value->is_number_integer() && (!value->is_number_unsigned() || value->get<std::uint64_t>() >> 63 == 0);
  if (!fits) refuse(key, "expected a whole number");
  return value->get<std::int64_t>();
}

double ConfigReader::number(const std::string& key, double otherwise) {
  const Json* value = find(key);
  if (value == nullptr) return otherwise;
  if (!value->is_number()) refuse(key, "expected a number");
  return value->get<double>();
}

bool ConfigReader::boolean(const std::string& key, bool otherwise) {
  const Json* value = find(key);
  if (value == nullptr) return otherwise;
  if (!value->is_boolean()) refuse(key, "expected true or false");
  return value->get<bool>();
}

std::optional<ConfigReader> ConfigReader::object(const std::string& key) {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_object()) refuse(key, "expected an object");
  return ConfigReader(*this, key, *value);
}

void ConfigReader::ignore(std::span<const std::string_view> keys) {
  for (const std::string_view key : keys) seen_.emplace(key);
}

void ConfigReader::require_off(std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    const Json* value = find(key);
    if (value != nullptr && !is_off(*value)) refuse(key, kUnsupported);
  }
}

void ConfigReader::refuse_rest() const {
  for (const auto& [key, value] : object_.items()) {
    if (!seen_.contains(key) && !value.is_null()) refuse(key, kUnknown);
  }
}

void ConfigReader::refuse(const std::string& key, std::string_view why) const {
  const auto found = object_.find(key);
  fail("has {} beside it with {} {}; {}", quote(file_), quote(path_ + key),
       found == object_.end() ? "missing" : shown(*found), why);
}

}  // namespace pipit::weights
