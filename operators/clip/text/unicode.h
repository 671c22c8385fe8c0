// UTF-8 and UTF-32, and the few Unicode operations that a tokenizer needs; the tables are ICU's.
#pragma once

#include <string>
#include <string_view>

namespace pipit::clip {

/// Throws pipit::Error (`invalid_input`) that names the offset of the first byte which is not UTF-8.
std::u32string from_utf8(std::string_view text);
std::string to_utf8(std::u32string_view text);

std::u32string nfc(std::u32string_view text);
std::u32string nfkc(std::u32string_view text);
std::u32string lower(std::u32string_view text);  // as Python's str.lower
std::u32string upper(std::u32string_view text);  // as Python's str.upper

/// What CLIP's pattern tells apart.
enum class CharacterClass { kLetter, kNumber, kSpace, kOther };
CharacterClass classify(char32_t c);

}  // namespace pipit::clip
