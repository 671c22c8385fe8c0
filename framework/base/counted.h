// Counts in messages.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pipit {

/// "1 item", "3 items"; for nouns whose plural takes an s.
inline std::string counted(std::int64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace pipit
