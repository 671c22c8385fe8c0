#include "weights/files/fault.h"

#include <algorithm>

namespace pipit::weights {

std::string quote(std::string_view name) {
  constexpr std::size_t kLongest = 200;
  std::string text = "'";
  for (char c : name.substr(0, kLongest)) {
    if (c >= ' ' && c <= '~') {
      text += c;
    } else {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return text + (name.size() > kLongest ? "…'" : "'");
}

std::string join_some(const std::vector<std::string>& texts, std::size_t most) {
  auto end = texts.begin() + static_cast<std::ptrdiff_t>(std::min(most, texts.size()));
  std::string more = texts.size() > most ? fmt::format(" and {} more", texts.size() - most) : "";
  return fmt::format("{}{}", fmt::join(texts.begin(), end, ", "), more);
}

}  // namespace pipit::weights
