#include "clip/text/html_entities.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>

#include "clip/text/unicode.h"
#include "clip/text/windows_1252.h"

namespace pipit::clip {
namespace {

struct Entity {
  std::string_view name;
  std::u32string_view text;
  bool legacy;  // known without its semicolon too
};

constexpr Entity kEntities[] = {
#include "clip/text/html_entities.inc"
};

constexpr std::size_t kLongestReference = 32;
constexpr std::size_t kLongestStrictReference = 24;

const Entity* find(std::u32string_view name) {
  const auto less = [](const Entity& entity, std::u32string_view wanted) {
    return std::ranges::lexicographical_compare(
        entity.name, wanted, [](auto a, auto b) { return static_cast<char32_t>(a) < static_cast<char32_t>(b); });
  };
  const Entity* found = std::lower_bound(std::begin(kEntities), std::end(kEntities), name, less);
  return found != std::end(kEntities) && std::ranges::equal(found->name, name) ? found : nullptr;
}

/// A key of html.entities.html5: a name with its semicolon, or a legacy one without.
const Entity* find_reference(std::u32string_view reference) {
  if (reference.ends_with(U';')) return find(reference.substr(0, reference.size() - 1));
  const Entity* entity = find(reference);
  return entity != nullptr && entity->legacy ? entity : nullptr;
}

bool is_digit(char32_t c) {
  return c >= U'0' && c <= U'9';
}

bool is_hex_digit(char32_t c) {
  return is_digit(c) || (c >= U'a' && c <= U'f') || (c >= U'A' && c <= U'F');
}

bool is_alphanumeric(char32_t c) {
  return is_digit(c) || (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z');
}

/// What HTML5 makes of a numeric reference; some give nothing.
std::optional<char32_t> character(char32_t number) {
  if (number == 0 || (number >= 0xD800 && number <= 0xDFFF) || number > 0x10FFFF) return U'\uFFFD';
  if (number >= 0x80 && number <= 0x9F) return windows_1252(number);
  if (number < 0x20 && number != U'\t' && number != U'\n' && number != U'\f' && number != U'\r') return std::nullopt;
  if (number == 0x7F || (number >= 0xFDD0 && number <= 0xFDEF) || (number & 0xFFFE) == 0xFFFE) return std::nullopt;
  return number;
}

/// Reads "#65;", "#x41" at the start of `text` (what follows an ampersand). Returns what was read; 0: none is there.
std::size_t take_numeric(std::u32string_view text, std::u32string& out) {
  const bool hex = text.size() > 1 && (text[1] == U'x' || text[1] == U'X');
  const std::size_t first = hex ? 2 : 1;
  std::size_t at = first;
  char32_t number = 0;
  for (; at < text.size() && (hex ? is_hex_digit(text[at]) : is_digit(text[at])); ++at) {
    const char32_t digit = is_digit(text[at]) ? text[at] - U'0' : (text[at] | 0x20) - U'a' + 10;
    number = std::min<char32_t>(number * (hex ? 16 : 10) + digit, 0x110000);  // any number beyond Unicode is as good
  }
  if (at == first) return 0;
  if (const auto c = character(number)) out += *c;
  return at < text.size() && text[at] == U';' ? at + 1 : at;
}

/// The same for "amp;", "amp": the longest known prefix counts, and what is left of the name stays.
std::size_t take_named(std::u32string_view text, std::u32string& out) {
  const std::size_t end = std::min(text.find_first_of(U"\t\n\f <&#;"), text.size());
  std::size_t size = std::min(end, kLongestReference);
  if (size == 0) return 0;
  if (size == end && end < text.size() && text[end] == U';') ++size;
  const std::u32string_view name = text.substr(0, size);
  for (std::size_t length = size; length > 1; --length) {
    if (const Entity* entity = find_reference(name.substr(0, length))) {
      out.append(entity->text).append(name.substr(length));
      return size;
    }
  }
  out.append(1, U'&').append(name);
  return size;
}

/// "EACUTE": a lower-case name that somebody has upper-cased, unless HTML5 itself knows its spelling or a part of it.
std::optional<std::u32string> upper_cased(std::u32string_view name) {
  std::u32string lower;
  for (const char32_t c : name) {
    if (c >= U'a' && c <= U'z') return std::nullopt;
    lower += is_digit(c) ? c : c | 0x20;
  }
  const Entity* entity = find(lower);
  if (entity == nullptr) return std::nullopt;
  for (std::size_t length = name.size(); length > 1; --length) {
    if (find_reference(name.substr(0, length)) != nullptr) return std::nullopt;
  }
  return upper(entity->text);
}

/// What a whole reference "&…;" stands for, if it does so without doubt.
std::optional<std::u32string> strict_meaning(std::u32string_view reference) {
  const std::u32string_view name = reference.substr(1, reference.size() - 2);
  if (name.starts_with(U'#')) {
    std::u32string text = unescape_html(reference);
    return text.find(U';') == text.npos ? std::optional(std::move(text)) : std::nullopt;
  }
  if (const Entity* entity = find(name)) return std::u32string(entity->text);
  return upper_cased(name);
}

}  // namespace

std::u32string unescape_html(std::u32string_view text) {
  std::u32string out;
  while (true) {
    const std::size_t ampersand = text.find(U'&');
    out += text.substr(0, ampersand);
    if (ampersand == text.npos) return out;
    text.remove_prefix(ampersand + 1);
    const std::size_t taken = text.starts_with(U'#') ? take_numeric(text, out) : take_named(text, out);
    if (taken == 0) out += U'&';
    text.remove_prefix(taken);
  }
}

std::u32string unescape_html_strictly(std::u32string_view text) {
  std::u32string out;
  while (true) {
    const std::size_t ampersand = text.find(U'&');
    out += text.substr(0, ampersand);
    if (ampersand == text.npos) return out;
    text.remove_prefix(ampersand);
    const std::size_t first = text.substr(1).starts_with(U'#') ? 2 : 1;
    std::size_t end = first;
    while (end < text.size() && is_alphanumeric(text[end])) ++end;
    const bool reference =
        end > first && end - first <= kLongestStrictReference && end < text.size() && text[end] == U';';
    const std::size_t size = reference ? end + 1 : 1;
    const auto meaning = reference ? strict_meaning(text.substr(0, size)) : std::nullopt;
    out += meaning ? std::u32string_view(*meaning) : text.substr(0, size);
    text.remove_prefix(size);
  }
}

}  // namespace pipit::clip
