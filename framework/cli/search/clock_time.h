// Times of clips as people read them.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>

namespace pipit::cli {

/// "0:12", "1:02:03": whole seconds, those of a negative time with a minus.
inline std::string clock_time(std::int64_t ms) {
  const std::int64_t s = (ms < 0 ? -ms : ms) / 1000;
  const std::string sign = ms < 0 && s > 0 ? "-" : "";
  return s < 3600 ? fmt::format("{}{}:{:02}", sign, s / 60, s % 60)
                  : fmt::format("{}{}:{:02}:{:02}", sign, s / 3600, s / 60 % 60, s % 60);
}

}  // namespace pipit::cli
