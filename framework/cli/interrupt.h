// Ctrl-C and SIGTERM, turned into an orderly end.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace pipit::cli {

/// While it lives, SIGINT and SIGTERM go to a thread of its own. The first one calls `stop`; when the program is still
/// there after the grace time `give_up` is called, and a moment later the process exits with 128 + signal; so it does
/// at once on a second signal. Construct it before any other thread, so that all of them leave the signals to it.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  void listen(std::function<void()> stop, std::function<void()> give_up);
  /// The run is at its end: should the process still be there after the grace time, since an operator never returns, it
  /// exits with this status.
  void expire(int status);
  /// The signal that came, or 0.
  int signal() const;

 private:
  std::thread thread_;
  std::atomic<int> status_{0};  // of expire
};

}  // namespace pipit::cli
