#include "server/http/message.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace pipit::server {

std::string_view Request::header(std::string_view name) const {
  const auto found = std::ranges::find(headers, name, &Headers::value_type::first);
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

Response told(const Refusal& refusal) {
  const char* type = refusal.status >= 500   ? "server_error"
                     : refusal.status == 401 ? "authentication_error"
                     : refusal.status == 429 ? "rate_limit_error"
                                             : "invalid_request_error";
  nlohmann::ordered_json error = {{"message", refusal.message}, {"type", type}};
  error["param"] = refusal.parameter.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(refusal.parameter);
  error["code"] = refusal.code;
  Response response;
  response.status = refusal.status;
  response.body =
      nlohmann::ordered_json{{"error", error}}.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
      "\n";
  response.headers = refusal.headers;
  return response;
}

}  // namespace pipit::server
