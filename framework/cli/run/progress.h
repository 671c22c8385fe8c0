// One line on a terminal that tells how far a run is.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace pipit::cli {

class Progress {
 public:
  /// `total`: items to come, if known.
  Progress(bool shown, std::optional<std::int64_t> total) : shown_(shown), total_(total) {}
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void done(bool failed);
  /// Removes the line, so that something else can be said.
  void clear();

 private:
  void draw();

  using Clock = std::chrono::steady_clock;
  const bool shown_;
  const std::optional<std::int64_t> total_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point drawn_{};
  std::int64_t done_ = 0;
  std::int64_t failed_ = 0;
  bool visible_ = false;
};

}  // namespace pipit::cli
