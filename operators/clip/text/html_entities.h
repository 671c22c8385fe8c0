// Character references of HTML ("&eacute;", "&#233;") in text that should have none.
#pragma once

#include <string>
#include <string_view>

namespace pipit::clip {

/// Replaces references as Python's html.unescape does, which follows HTML5: also those without a semicolon.
std::u32string unescape_html(std::u32string_view text);

/// Replaces only unambiguous references, as ftfy.fixes.unescape_html (6.3) does: those with a semicolon; besides
/// HTML5's names also those that somebody has upper-cased ("&EACUTE;").
std::u32string unescape_html_strictly(std::u32string_view text);

}  // namespace pipit::clip
