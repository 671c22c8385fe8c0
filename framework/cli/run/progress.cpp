#include "cli/run/progress.h"

#include <fmt/format.h>

#include <cstdio>

#include "base/counted.h"

namespace pipit::cli {

void Progress::done(bool failed) {
  ++done_;
  if (failed) ++failed_;
  if (!shown_) return;
  const auto now = Clock::now();
  if (now - drawn_ < std::chrono::milliseconds(100) && done_ != total_) return;
  drawn_ = now;
  draw();
}

void Progress::clear() {
  if (visible_) fmt::print(stderr, "\r\033[K");
  visible_ = false;
}

void Progress::draw() {
  const double seconds = std::chrono::duration<double>(drawn_ - start_).count();
  const double rate = seconds > 0 ? static_cast<double>(done_) / seconds : 0;
  std::string line = total_ ? fmt::format("{}/", done_) : "";
  line += fmt::format("{}, {:.1f}/s", counted(total_.value_or(done_), "item"), rate);
  if (failed_ > 0) line += fmt::format(", {} failed", failed_);
  if (total_ && rate > 0) {
    const auto left = static_cast<std::int64_t>(static_cast<double>(*total_ - done_) / rate);
    line += fmt::format(", {}:{:02} left", left / 60, left % 60);
    constexpr std::int64_t kWidth = 20;
    const auto filled = static_cast<std::size_t>(kWidth * done_ / std::max<std::int64_t>(*total_, 1));
    line = fmt::format("[{}{}] {}", std::string(filled, '='), std::string(kWidth - filled, ' '), line);
  }
  fmt::print(stderr, "\r\033[K{}", line);
  std::fflush(stderr);
  visible_ = true;
}

}  // namespace pipit::cli
