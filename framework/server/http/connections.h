// Sockets: listening, reading requests, writing responses. HTTP/1.1 by Boost.Beast.
//
// One thread does all of it, and no connection holds another up: what takes time is answered by a thread for each
// request that is under way, of which there are at most Limits::under_way; others are told to come again (429).
#pragma once

#include <memory>
#include <string>

#include "server/http/front.h"

namespace pipit::server {

class Connections {
 public:
  /// Begins to listen: "127.0.0.1:8080", "[::1]:8080", "localhost:8080", "unix:/run/pipit.sock"; port 0 is any free
  /// one. Throws pipit::Error (`unavailable`; `invalid_argument` for what is not an address).
  Connections(const std::string& address, const Limits& limits, Front& front);
  /// As drain(), without waiting for anybody.
  ~Connections();

  /// Where it listens: "127.0.0.1:43817".
  const std::string& address() const;
  /// Requests that are being answered.
  int under_way() const;
  /// No new connections and requests; returns when those that are under way are answered, or after so long. True: all
  /// were.
  bool drain(std::chrono::milliseconds most);

 private:
  class Net;
  std::unique_ptr<Net> net_;
};

/// Whether only this machine can reach an address. Throws pipit::Error (`invalid_argument`).
bool is_local(const std::string& address);

}  // namespace pipit::server
