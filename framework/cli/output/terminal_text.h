// Text that fits where it is shown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pipit::cli {

/// Characters that a line of standard output may have; nothing bounds it where it is no terminal: 0.
std::size_t terminal_width();

/// A label of at most `width` characters, its end left out for "…" when it has more; control characters are spaces.
std::string shortened(std::string_view label, std::size_t width);
/// The same, filled up with spaces.
std::string padded(std::string_view label, std::size_t width);

}  // namespace pipit::cli
