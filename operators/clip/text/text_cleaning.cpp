#include "clip/text/text_cleaning.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "clip/text/html_entities.h"
#include "clip/text/unicode.h"
#include "clip/text/windows_1252.h"
#include "pipit/error.h"

namespace pipit::clip {
namespace {

// Each round takes one layer of "&amp;amp;…" off; without an end to it, a hostile text would cost quadratic time.
constexpr int kMostRounds = 100;

struct Replacement {
  char32_t from;
  std::u32string_view to;
};

constexpr Replacement kLigatures[] = {
    {0x0132, U"IJ"},      {0x0133, U"ij"}, {0x0149, U"\u02BCn"}, {0x01C4, U"D\u017D"}, {0x01C5, U"D\u017E"},
    {0x01C6, U"d\u017E"}, {0x01C7, U"LJ"}, {0x01C8, U"Lj"},      {0x01C9, U"lj"},      {0x01CA, U"NJ"},
    {0x01CB, U"Nj"},      {0x01CC, U"nj"}, {0x01F1, U"DZ"},      {0x01F2, U"Dz"},      {0x01F3, U"dz"},
    {0xFB00, U"ff"},      {0xFB01, U"fi"}, {0xFB02, U"fl"},      {0xFB03, U"ffi"},     {0xFB04, U"ffl"},
    {0xFB05, U"\u017Ft"}, {0xFB06, U"st"},
};

bool is_control(char32_t c) {
  return c < 0x09 || c == 0x0B || (c >= 0x0E && c < 0x20) || c == 0x7F || (c >= 0x206A && c <= 0x206F) || c == 0xFEFF ||
         (c >= 0xFFF9 && c <= 0xFFFC);
}

/// C1 controls, ligatures, character width, quotation marks and line breaks: what ftfy replaces character by character.
/// One character may take several of its steps, in this order.
void append_fixed(char32_t c, std::u32string& out) {
  if (c >= 0x80 && c <= 0x9F) c = windows_1252(c);
  const auto* ligature = std::ranges::lower_bound(kLigatures, c, {}, &Replacement::from);
  if (ligature != std::end(kLigatures) && ligature->from == c) {
    for (const char32_t part : ligature->to) append_fixed(part, out);
  } else if (c >= 0xFF01 && c <= 0xFFEF) {
    out += nfkc({&c, 1});
  } else if (c == 0x3000) {
    out += U' ';
  } else if (c == 0x02BC || (c >= 0x2018 && c <= 0x201B)) {
    out += U'\'';
  } else if (c >= 0x201C && c <= 0x201F) {
    out += U'"';
  } else if (c == U'\r' || c == 0x2028 || c == 0x2029) {
    out += U'\n';  // the two of "\r\n" make one white space in the end, as one would
  } else {
    out += c;
  }
}

/// Terminals' colour codes: escape, '[', digits and semicolons, a letter.
std::size_t escape_sequence_size(std::u32string_view text) {
  if (!text.starts_with(U"\x1B[")) return 0;
  const std::size_t end = text.find_first_not_of(U"0123456789;", 2);
  const bool letter = end != text.npos && (text[end] | 0x20) >= U'a' && (text[end] | 0x20) <= U'z';
  return letter ? end + 1 : 0;
}

std::u32string without_controls(std::u32string_view text) {
  std::u32string out;
  while (!text.empty()) {
    const std::size_t sequence = escape_sequence_size(text);
    if (sequence == 0 && !is_control(text[0])) out += text[0];
    text.remove_prefix(std::max<std::size_t>(sequence, 1));
  }
  return out;
}

/// ftfy.fix_text_segment: its steps until nothing changes.
std::u32string fix_line(std::u32string line, bool unescape) {
  for (int round = 0; round < kMostRounds; ++round) {
    std::u32string fixed;
    for (const char32_t c : unescape ? unescape_html_strictly(line) : line) append_fixed(c, fixed);
    fixed = nfc(without_controls(fixed));
    if (fixed == line) return line;
    line = std::move(fixed);
  }
  throw Error("limit_exceeded", fmt::format("text has HTML escapes within escapes more than {} deep", kMostRounds));
}

/// ftfy.fix_text: line by line; from the first '<' on it takes the text for HTML, whose escapes are meant.
std::u32string fix_text(std::u32string_view text) {
  std::u32string out;
  bool unescape = true;
  while (!text.empty()) {
    const std::size_t size = std::min(text.find(U'\n'), text.size() - 1) + 1;
    const std::u32string_view line = text.substr(0, size);
    unescape = unescape && line.find(U'<') == line.npos;
    out += fix_line(std::u32string(line), unescape);
    text.remove_prefix(size);
  }
  return out;
}

std::u32string fold_spaces(std::u32string_view text) {
  std::u32string out;
  for (const char32_t c : text) {
    if (classify(c) != CharacterClass::kSpace) {
      out += c;
    } else if (!out.empty() && out.back() != U' ') {
      out += U' ';
    }
  }
  if (out.ends_with(U' ')) out.pop_back();
  return out;
}

constexpr std::array<char, 128> kPlain = [] {
  std::array<char, 128> plain{};  // what becomes of an ASCII character; 0: needs the long way
  for (int c = 0x20; c < 0x7F; ++c) plain[c] = static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
  for (const int c : {'\t', '\n', '\f', '\r'}) plain[c] = ' ';
  plain['&'] = 0;
  return plain;
}();

/// Most text needs no more than this. False: it needs more.
bool clean_plain_text(std::string_view text, std::string& out) {
  out.reserve(text.size());
  for (const char c : text) {
    const char plain = static_cast<unsigned char>(c) < 0x80 ? kPlain[static_cast<unsigned char>(c)] : '\0';
    if (plain == '\0') return false;
    if (plain != ' ' || (!out.empty() && out.back() != ' ')) out += plain;
  }
  if (out.ends_with(' ')) out.pop_back();
  return true;
}

}  // namespace

std::string clean_text(std::string_view text) {
  std::string out;
  if (clean_plain_text(text, out)) return out;
  const std::u32string fixed = fix_text(from_utf8(text));
  return to_utf8(lower(fold_spaces(unescape_html(unescape_html(fixed)))));
}

std::string fold_text(std::string_view text) {
  std::string out;
  if (text.find('&') == text.npos && clean_plain_text(text, out)) return out;
  std::u32string lowered;
  // One by one: a sigma at the end of a word is none to Hugging Face.
  for (const char32_t c : fold_spaces(nfc(from_utf8(text)))) lowered += lower({&c, 1});
  return to_utf8(lowered);
}

}  // namespace pipit::clip
