// Ctrl-C and SIGTERM, turned into an orderly end.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
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
  /// The signal that came, or 0.
  int signal() const;

 private:
  struct Heard {
    bool over = false;  // the destructor wants no more listening
    int signal = 0;     // 0: none in time
  };
  Heard wait(std::optional<std::chrono::milliseconds> time) const;

  const int signals_;  // descriptors
  const int over_;
  std::thread thread_;
};

}  // namespace pipit::cli
