#include "server/routes/json_body.h"

#include <fmt/format.h>

#include "value/json_text.h"

namespace pipit::server {
namespace {

constexpr int kMostDepth = 32;

[[noreturn]] void wrong(const char* name, const std::string& expected) {
  throw Refusal{400, "invalid_request", fmt::format("'{}' is not {}", name, expected), name};
}

}  // namespace

Json json_body(const Request& request) {
  const std::string_view type = request.header("content-type");
  if (!type.starts_with("application/json")) {
    throw Refusal{415, "unsupported_media_type",
                  fmt::format("the request's Content-Type is '{}', expected application/json", type)};
  }
  bool deep = false;
  const auto bounded = [&](int depth, Json::parse_event_t, Json&) {
    deep = deep || depth > kMostDepth;
    return !deep;
  };
  const Json body = Json::parse(request.body, bounded, false);
  if (deep) throw Refusal{400, "invalid_request", fmt::format("the body is nested deeper than {} levels", kMostDepth)};
  if (!body.is_object()) throw Refusal{400, "invalid_request", "the body is not a JSON object"};
  return body;
}

std::string text(const Json& body, const char* name) {
  const auto found = body.find(name);
  if (found == body.end()) throw Refusal{400, "invalid_request", fmt::format("'{}' is missing", name), name};
  if (!found->is_string()) wrong(name, "a string");
  return found->get<std::string>();
}

std::string text_or(const Json& body, const char* name, const std::string& otherwise) {
  return body.contains(name) && !body.at(name).is_null() ? text(body, name) : otherwise;
}

std::int64_t whole_number_or(const Json& body, const char* name, std::int64_t otherwise, std::int64_t least,
                             std::int64_t most) {
  const auto found = body.find(name);
  if (found == body.end() || found->is_null()) return otherwise;
  const bool small =
      found->is_number_integer() && (!found->is_number_unsigned() || found->get<std::uint64_t>() <= INT64_MAX);
  if (!small || found->get<std::int64_t>() < least || found->get<std::int64_t>() > most) {
    wrong(name, fmt::format("a whole number from {} to {}", least, most));
  }
  return found->get<std::int64_t>();
}

Response json_response(const Json& json) {
  Response response;
  response.body = json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  return response;
}

Json json_of(const Value& value) {
  std::string text;
  append_json(text, value);
  return Json::parse(text);
}

}  // namespace pipit::server
