// A process in which an operator runs, as its parent sees it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "isolation/channel.h"

namespace pipit {

/// What an operator in a process of its own may take.
struct IsolationLimits {
  std::int64_t memory = std::int64_t{4096} << 20;  // bytes
  std::chrono::milliseconds silence{300'000};      // a call that gives nothing for so long is ended
};

/// Used by one thread at a time.
class OperatorProcess {
 public:
  /// Starts the program that is installed beside the operators, and confines it. Throws pipit::Error (`unavailable`).
  explicit OperatorProcess(const IsolationLimits& limits);
  /// Lets it end by itself for a moment, then ends it.
  ~OperatorProcess();
  OperatorProcess(const OperatorProcess&) = delete;
  OperatorProcess& operator=(const OperatorProcess&) = delete;

  Channel& channel() { return channel_; }
  bool is_running() const;
  /// Ends it at once.
  void kill();
  /// Waits for the end of a process that has closed its channel: "by signal SIGSEGV (segmentation fault)", "with status
  /// 3".
  std::string how_it_ended();

 private:
  OperatorProcess(const IsolationLimits& limits, std::pair<int, int> ends);
  int wait_status(std::chrono::milliseconds patience);

  Channel channel_;
  pid_t process_ = -1;  // -1: it has ended
  int handle_ = -1;     // a pidfd, which never means another process
};

}  // namespace pipit
