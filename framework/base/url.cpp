#include "base/url.h"

#include <algorithm>
#include <cctype>

namespace pipit {

bool is_url(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos || scheme < 2) return false;
  const auto belongs = [](unsigned char c) { return std::isalnum(c) != 0 || c == '+' || c == '-' || c == '.'; };
  return std::ranges::all_of(text.substr(0, scheme), belongs) && text.find_first_of(" \t\n") == std::string_view::npos;
}

}  // namespace pipit
