// What a reader found wrong with a file, as the end of a sentence that starts with the file ("is empty"). Readers do
// not know the file's name; Checkpoint::open puts it in front, once.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pipit::weights {

class Fault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

template <typename... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw Fault(fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
[[noreturn]] void damaged(fmt::format_string<Args...> format, Args&&... args) {
  throw Fault("is damaged: " + fmt::format(format, std::forward<Args>(args)...));
}

/// 'name', with what could confuse a terminal or a reader written as \xNN, and cut where it gets long: names in a
/// weight file are whatever its maker wanted.
std::string quote(std::string_view name);

/// "a, b, c and 12 more"
std::string join_some(const std::vector<std::string>& texts, std::size_t most);

}  // namespace pipit::weights
