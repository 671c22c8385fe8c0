// The JSON of requests and responses.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "pipit/value.h"
#include "server/http/message.h"

namespace pipit::server {

using Json = nlohmann::ordered_json;

/// The object that a request's body is. Throws Refusal: 415 for another Content-Type, 400 for what is not an object or
/// is nested deeper than any request.
Json json_body(const Request& request);

/// Members of it, or what stands for them; throw Refusal (400) for another type, and text() for one that is missing.
std::string text(const Json& body, const char* name);
std::string text_or(const Json& body, const char* name, const std::string& otherwise);
std::int64_t whole_number_or(const Json& body, const char* name, std::int64_t otherwise, std::int64_t least,
                             std::int64_t most);

Response json_response(const Json& json);
/// A value as JSON, as result lines have it. Throws pipit::Error for one without a JSON form.
Json json_of(const Value& value);

}  // namespace pipit::server
