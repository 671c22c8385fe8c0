#include "request.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "command.h"
#include "json_text.h"
#include "near.h"

namespace pipit::cli {
namespace {

constexpr int kMaxDepth = 64;  // of an input line's lists and objects

void append_field(std::string& fields, std::string_view name, std::string_view json) {
  fields += ',';
  append_json_text(fields, name);
  fields += ':';
  fields += json;
}

template <class Json>
std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

RequestReader::RequestReader(const Pipeline& pipeline) {
  for (const ColumnInfo& column : pipeline.inputs()) {
    types_.push_back(Type::parse(column.type));
    names_.push_back(column.name);
  }
  for (const ColumnInfo& column : pipeline.outputs()) taken_.push_back(column.name);
  for (const char* name : {"item", "error", "row"}) taken_.emplace_back(name);
}

Request RequestReader::from_pairs(const std::vector<std::pair<std::string, std::string>>& pairs) const {
  Request request;
  for (const auto& [name, text] : pairs) {
    const bool twice =
        std::ranges::any_of(request.inputs, [&wanted = name](const auto& input) { return input.first == wanted; });
    if (twice)
      throw UsageError(fmt::format("--input {}: given twice; several items come from --inputs FILE.jsonl", name));
    nlohmann::json json = text;
    if (const Type* type = type_of_input(name); type != nullptr && type->kind && *type->kind != Kind::kString) {
      json = nlohmann::json::parse(text, nullptr, false);
      if (json.is_discarded()) json = text;
    }
    add(request, name, json);
  }
  return request;
}

Request RequestReader::from_line(const LineReader::Line& line) const {
  Request request;
  const auto refuse = [&](const std::string& message) {
    request.error = ItemError{"", "invalid_input", fmt::format("line {}: {}", line.number, message)};
  };
  if (line.too_long) {
    refuse(fmt::format("longer than {} MiB", LineReader::kMaxLineBytes >> 20));
    return request;
  }
  nlohmann::ordered_json json;
  bool too_deep = false;
  try {
    json = nlohmann::ordered_json::parse(line.text, [&](int depth, auto, auto&) {
      too_deep = too_deep || depth > kMaxDepth;
      return !too_deep;
    });
  } catch (const nlohmann::json::parse_error& e) {
    refuse(fmt::format("is not JSON at byte {}", e.byte));
    return request;
  }
  if (too_deep) {
    refuse(fmt::format("nested deeper than {} levels", kMaxDepth));
    return request;
  }
  if (!json.is_object()) {
    refuse(fmt::format("expected a JSON object with {}, found {} {}", quoted_list(names_), json.is_array() ? "an" : "a",
                       json.type_name()));
    return request;
  }
  for (const auto& [name, value] : json.items()) {
    if (type_of_input(name) != nullptr) {
      add(request, name, value);
    } else if (std::ranges::find(taken_, name) == taken_.end()) {
      append_field(request.fields.carried, name, text_of(value));
    }
  }
  return request;
}

const Type* RequestReader::type_of_input(std::string_view name) const {
  const auto found = std::ranges::find(names_, name);
  return found == names_.end() ? nullptr : &types_[static_cast<std::size_t>(found - names_.begin())];
}

void RequestReader::add(Request& request, const std::string& name, const nlohmann::json& json) const {
  const Type* type = type_of_input(name);
  request.inputs.emplace_back(name, from_json(json, type ? *type : Type{}));
  append_field(request.fields.inputs, name, text_of(json));
}

}  // namespace pipit::cli
