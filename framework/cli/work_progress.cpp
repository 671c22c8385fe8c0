#include "cli/work_progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace pipit::cli {

namespace {

void draw(const std::string& line) {
  fmt::print(stderr, "\r\033[K{}", line);
  std::fflush(stderr);
}

}  // namespace

WorkProgress::WorkProgress() : shown_(::isatty(STDERR_FILENO) == 1) {}

WorkProgress::~WorkProgress() {
  if (drawn_ == Clock::time_point{}) return;
  fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
}

void WorkProgress::show(std::uint64_t done, std::uint64_t total) {
  const auto now = Clock::now();
  if (!shown_ || total == 0 || now - drawn_ < std::chrono::milliseconds(100)) return;
  drawn_ = now;
  constexpr std::size_t kWidth = 20;
  const double share = std::min(static_cast<double>(done) / static_cast<double>(total), 1.0);
  const auto filled = static_cast<std::size_t>(share * kWidth);
  std::string line = fmt::format("[{}{}] {:.0f} % of {:.0f} MB", std::string(filled, '='),
                                 std::string(kWidth - filled, ' '), 100 * share, static_cast<double>(total) / 1e6);
  if (share > 0) {
    const double seconds = std::chrono::duration<double>(now - start_).count();
    const auto left = static_cast<std::int64_t>(seconds / share * (1 - share));
    line += fmt::format(", {}:{:02} left", left / 60, left % 60);
  }
  draw(line);
}

void WorkProgress::show(const std::string& what) {
  if (!shown_) return;
  drawn_ = Clock::now();
  draw(what);
}

}  // namespace pipit::cli
