// Characters in UTF-8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pipit {

/// Bytes of the character that `text` begins with; 0 when it does not begin with one in UTF-8.
std::size_t utf8_size(std::string_view text);

/// The text with U+FFFD in the place of each byte that is not UTF-8.
std::string valid_utf8(std::string_view text);

}  // namespace pipit
