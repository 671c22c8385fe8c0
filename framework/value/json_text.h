// Values as JSON and back.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "pipit/value.h"
#include "value/type.h"

namespace pipit {

/// How bytes that are not UTF-8 are written.
enum class OtherBytes {
  kReplace,  // as replacement characters, which every reader of JSON takes
  kEscape    // as \udc80 to \udcff, as Python does (surrogateescape): nothing is lost, and some readers refuse it
};

/// Appends a value. Numbers are written so that they read back equal, a tensor as nested lists, a number that JSON has
/// no form for (NaN, infinity) as null. Throws pipit::Error for a value that has no JSON form (bytes, a frame, a tensor
/// elsewhere than in memory).
void append_json(std::string& out, const Value& value, OtherBytes other = OtherBytes::kReplace);

/// "cuda:0"; empty for a tensor in main memory, whose elements can be read here.
std::string foreign_device(const Tensor& tensor);

/// Appends a text, quoted.
void append_json_text(std::string& out, std::string_view text, OtherBytes other = OtherBytes::kReplace);

/// True when every value of the type has a JSON form.
bool has_json_form(const Type& type);

/// A parsed JSON value as an input of this type; a list of numbers serves as a tensor. What does not fit is converted
/// as it is, for the pipeline to refuse.
Value from_json(const nlohmann::json& json, const Type& type);

}  // namespace pipit
