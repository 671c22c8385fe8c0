// Requests and responses, as those who answer see them: nothing of sockets.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pipit::server {

using Clock = std::chrono::steady_clock;
using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string id;      // of ours, or the client's x-request-id
  std::string method;  // "GET", "POST", …
  std::string path;    // "/v1/models", its escapes undone; never with ".."
  std::map<std::string, std::string, std::less<>> query;
  Headers headers;  // names in lower case
  std::string body;
  Clock::time_point arrived;
  Clock::time_point deadline;  // by when it must be answered
  std::function<bool()> gone;  // whether the client has closed its end; any thread

  /// Empty when there is none.
  std::string_view header(std::string_view name) const;
};

/// Gives some of a body to the client, and waits until it is on its way; false: the client is gone, or too slow.
using Write = std::function<bool(std::string_view text)>;

struct Response {
  unsigned status = 200;
  std::string type = "application/json";
  std::string body{};
  Headers headers{};
  /// Where the body is made while it is sent; `body` is empty then.
  std::function<void(const Write& write)> stream{};
  std::optional<std::uint64_t> length{};  // of the stream, where it is known
  std::string about{};                    // for the log: the model, the index
};

/// What a request is refused with: thrown by whoever answers, told in the form of OpenAI's errors.
struct Refusal {
  unsigned status;
  std::string code;
  std::string message;
  std::string parameter{};  // of the request that is wrong; empty: none
  Headers headers{};
};

Response told(const Refusal& refusal);

}  // namespace pipit::server
