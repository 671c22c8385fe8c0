// Who stands behind the connections.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "server/http/message.h"

namespace pipit::server {

struct Limits {
  std::uint64_t body_bytes = std::uint64_t{64} << 20;  // of a request
  std::uint32_t header_bytes = 16 << 10;               // of all of a request's headers
  std::chrono::milliseconds timeout{60000};            // for a request to come, to be answered, and to be read
  std::chrono::milliseconds idle{75000};               // between two requests of a connection
  int under_way = 256;                                 // requests that are being answered
};

/// What became of a request, for the log and the counts.
struct Outcome {
  const Request& request;
  unsigned status = 0;
  std::uint64_t bytes_out = 0;
  double queue_s = 0;  // until a thread took it
  double work_s = 0;
  double write_s = 0;
  std::string about{};
};

class Front {
 public:
  virtual ~Front() = default;

  /// Before a body is read: why the request is refused, by its headers alone; throws Refusal. Called by the thread of
  /// the connections, so it must be quick; as is `is_quick`.
  virtual void admit(const Request& request) = 0;
  /// Whether answering takes no time worth a thread.
  virtual bool is_quick(const Request& request) = 0;
  /// Whatever it throws becomes a response. Called by several threads.
  virtual Response answer(Request& request) = 0;
  virtual void done(const Outcome& outcome) = 0;
};

}  // namespace pipit::server
