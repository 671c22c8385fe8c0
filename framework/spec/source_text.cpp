#include "spec/source_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "value/json_text.h"
#include "value/utf8.h"

namespace pipit {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kIndentation = "\n    ";
constexpr std::size_t kLongest = 100;     // characters of a line that is shown whole
constexpr std::size_t kBeforeCaret = 60;  // of a longer line
constexpr std::size_t kReach = 400;       // bytes to either side that hold as many characters

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

std::size_t bytes_of(std::string_view text) {
  return std::max<std::size_t>(1, utf8_size(text.substr(0, 4)));
}

std::uint32_t code_of(std::string_view character) {
  auto code = static_cast<unsigned char>(character[0]) & (0xffu >> (character.size() == 1 ? 0 : character.size() + 1));
  for (char c : character.substr(1)) code = code << 6 | (static_cast<unsigned char>(c) & 0x3fu);
  return code;
}

/// Whether a terminal might do something with a character rather than show it.
bool is_obeyed(std::uint32_t code) {
  const auto among = [code](std::uint32_t first, std::uint32_t last) { return code >= first && code <= last; };
  return code < 0x20 || among(0x7f, 0x9f) || among(0x200e, 0x200f) || among(0x2028, 0x202e) || among(0x2066, 0x2069);
}

/// A character as it is shown: itself, or the sign for one that cannot be.
struct Shown {
  explicit Shown(std::string_view character) : text(character) {
    const bool valid = utf8_size(character) == character.size();
    const std::uint32_t code = valid ? code_of(character) : 0;
    if (code == '\t') {
      blank = "\t";
    } else if (code >= 0x300 && code <= 0x36f) {
      blank = "";  // an accent over the character before
    } else if (is_obeyed(code)) {
      text = "\ufffd";
    } else {
      // fmt knows which characters are two wide.
      blank.resize(2 - (fmt::formatted_size("{:2}", character) - character.size()), ' ');
    }
  }

  std::string_view text;
  std::string blank = " ";  // as wide
};

}  // namespace

SourceText::SourceText(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) return;
  text_ = text;
  for (std::size_t start = 0; start < text_.size();) {
    starts_.push_back(start);
    start = std::min(text_.find('\n', start), text_.size()) + 1;
  }
}

std::string_view SourceText::line(int number) const {
  if (number < 1 || static_cast<std::size_t>(number) > starts_.size()) return {};
  std::string_view line = std::string_view(text_).substr(starts_[static_cast<std::size_t>(number) - 1]);
  line = line.substr(0, line.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

int SourceText::character(SourcePlace place) const {
  const std::string_view before = line(place.line).substr(0, static_cast<std::size_t>(std::max(place.column, 1)) - 1);
  return place.column - static_cast<int>(std::ranges::count_if(before, continues_character));
}

std::string SourceText::shown(SourcePlace place) const {
  const std::string_view line = this->line(place.line);
  if (line.empty() || place.column < 1) return "";
  const std::size_t caret = std::min(static_cast<std::size_t>(place.column) - 1, line.size());
  std::size_t from = caret - std::min(caret, kReach);
  while (from < caret && continues_character(line[from])) ++from;
  const std::string_view near = line.substr(from, caret - from + kReach);

  std::vector<Shown> characters;
  std::size_t at_caret = 0;
  for (std::size_t at = 0; at < near.size();) {
    if (from + at < caret) ++at_caret;
    const std::size_t size = bytes_of(near.substr(at));
    characters.emplace_back(near.substr(at, size));
    at += size;
  }
  const bool whole = near.size() == line.size() && characters.size() <= kLongest;
  std::size_t first = 0;
  std::size_t last = characters.size();
  if (!whole) {
    first = std::min(at_caret - std::min(at_caret, kBeforeCaret), last - std::min(last, kLongest));
    last = std::min(last, first + kLongest);
  }
  const bool cut_before = from > 0 || first > 0;
  const bool cut_after = last < characters.size() || from + near.size() < line.size();

  std::string source(kIndentation);
  std::string below(kIndentation);
  if (cut_before) {
    source += "…";
    below += ' ';
  }
  for (std::size_t i = first; i < last; ++i) {
    source += characters[i].text;
    if (i < at_caret) below += characters[i].blank;
  }
  if (cut_after) source += "…";
  return source + below + '^';
}

}  // namespace pipit
