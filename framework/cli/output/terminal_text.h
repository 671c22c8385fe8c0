// Text that fits where it is shown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pipit::cli {

/// How many characters a line of standard output may have; 0: it is not a terminal, any number.
std::size_t terminal_width();

/// A label of at most `width` characters, its end left out for "…" when it has more; control characters are spaces.
std::string shortened(std::string_view label, std::size_t width);
/// The same, filled up with spaces.
std::string padded(std::string_view label, std::size_t width);

}  // namespace pipit::cli
