// One line on a terminal that tells how far a long piece of work is.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace pipit::cli {

class WorkProgress {
 public:
  /// Shows itself on standard error if that is a terminal, and nothing anywhere else.
  WorkProgress();
  /// Removes the line.
  ~WorkProgress();
  WorkProgress(const WorkProgress&) = delete;
  WorkProgress& operator=(const WorkProgress&) = delete;

  /// Of a file of `total` bytes that is written.
  void show(std::uint64_t done, std::uint64_t total);
  /// Of work that does not tell how far it is.
  void show(const std::string& what);

 private:
  using Clock = std::chrono::steady_clock;
  const bool shown_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point drawn_{};
};

}  // namespace pipit::cli
