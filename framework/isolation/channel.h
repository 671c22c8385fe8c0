// Messages between two processes of one machine.
//
// A socket carries packets (SOCK_SEQPACKET), one a message: a head of 16 bytes (u32 kind, u32 0, u64 size of the body),
// and the body, a value as in value_bytes.h. A body of more than kInPacket bytes lies in a file in memory instead,
// whose descriptor goes with the packet: sealed, so that nobody can change or shorten it under the reader, who maps it.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "isolation/message.h"

namespace pipit {

/// One end. send() may be called by any thread, receive() by one at a time.
class Channel {
 public:
  static constexpr std::size_t kInPacket = std::size_t{64} << 10;

  /// Takes over a connected socket. A body of more than `most_bytes` is refused.
  Channel(int socket, std::size_t most_bytes);
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel();

  /// Waits while the other end has not made room. False: it is gone. Throws pipit::Error for a body that cannot be
  /// sent.
  bool send(MessageKind kind, const Value& body = {});

  enum class Got { kMessage, kNothingYet, kGone };
  /// Waits so long for a message. Throws pipit::Error (`invalid_input`) for what is none.
  Got receive(Message& message, std::chrono::milliseconds wait);

  int socket() const { return socket_; }

 private:
  const int socket_;
  const std::size_t most_bytes_;
  std::vector<std::byte> packet_;
};

}  // namespace pipit
