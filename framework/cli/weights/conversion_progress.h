// One line on a terminal that tells how much of a weight file is written.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace pipit::cli {

class ConversionProgress {
 public:
  /// Shows itself on standard error if that is a terminal, and nothing anywhere else.
  ConversionProgress();
  /// Removes the line.
  ~ConversionProgress();
  ConversionProgress(const ConversionProgress&) = delete;
  ConversionProgress& operator=(const ConversionProgress&) = delete;

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
