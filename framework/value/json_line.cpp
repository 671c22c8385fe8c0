#include "value/json_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "pipit/error.h"
#include "value/json_text.h"
#include "value/utf8.h"

namespace pipit {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// Walks through a text once and remembers nothing: depth is known before anything is allocated.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  JsonLine line() {
    JsonLine line;
    skip_spaces();
    if (peek() == '{') {
      line.kind = "object";
      object(1, &line);
    } else {
      line.kind = value(0);
    }
    skip_spaces();
    if (at_ < text_.size()) fail("the end of the line");
    return line;
  }

 private:
  [[noreturn]] void fail(std::string_view expected) const {
    const std::string found = at_ < text_.size() ? printable(text_[at_]) : "the end of the line";
    throw Error("invalid_input",
                fmt::format("is not JSON at byte {}: expected {}, found {}", at_ + 1, expected, found));
  }

  static std::string printable(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte < 0x7f ? fmt::format("'{}'", c) : fmt::format("the byte 0x{:02x}", byte);
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void skip_spaces() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }

  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  void enter(int depth) {
    if (depth > JsonLine::kMaxDepth) {
      throw Error("invalid_input", fmt::format("is nested deeper than {} levels", JsonLine::kMaxDepth));
    }
    ++at_;
    skip_spaces();
  }

  std::string_view value(int depth) {
    switch (peek()) {
      case '{':
        object(depth + 1, nullptr);
        return "object";
      case '[':
        array(depth + 1);
        return "array";
      case '"':
        string();
        return "string";
      case 't':
        word("true");
        return "boolean";
      case 'f':
        word("false");
        return "boolean";
      case 'n':
        word("null");
        return "null";
      default:
        number();
        return "number";
    }
  }

  void object(int depth, JsonLine* line) {
    enter(depth);
    if (take('}')) return;
    do {
      skip_spaces();
      const std::size_t name = at_;
      if (peek() != '"') fail("a name in quotes");
      string();
      const std::string_view name_text = text_.substr(name, at_ - name);
      skip_spaces();
      if (!take(':')) fail("':'");
      skip_spaces();
      const std::size_t start = at_;
      value(depth);
      if (line != nullptr) add(*line, name_text, text_.substr(start, at_ - start));
      skip_spaces();
    } while (take(','));
    if (!take('}')) fail("',' or '}'");
  }

  void add(JsonLine& line, std::string_view name_text, std::string_view value) {
    JsonLine::Member member{text_of_json(name_text), name_text, value};
    if (!names_.insert(member.name).second) {
      throw Error("invalid_input", fmt::format("has {} more than once", name_text));
    }
    line.members.push_back(std::move(member));
  }

  void array(int depth) {
    enter(depth);
    if (take(']')) return;
    do {
      skip_spaces();
      value(depth);
      skip_spaces();
    } while (take(','));
    if (!take(']')) fail("',' or ']'");
  }

  void string() {
    ++at_;
    while (at_ < text_.size() && text_[at_] != '"') {
      const auto byte = static_cast<unsigned char>(text_[at_]);
      if (byte < 0x20) fail("a control character written as an escape");
      if (byte == '\\') {
        escape();
      } else if (const std::size_t size = utf8_size(text_.substr(at_, 4)); size > 0) {
        at_ += size;
      } else {
        throw Error("invalid_input",
                    fmt::format("is not UTF-8 at byte {0}; JSON writes the byte of such a file name as \\udc{1:02x}, "
                                "as Python's json.dumps does",
                                at_ + 1, byte));
      }
    }
    if (!take('"')) fail("'\"'");
  }

  void escape() {
    ++at_;
    const char c = peek();
    if (at_ == text_.size() || std::string_view("\"\\/bfnrtu").find(c) == std::string_view::npos) fail("an escape");
    ++at_;
    for (int i = 0; c == 'u' && i < 4; ++i, ++at_) {
      if (!is_hex(peek())) fail("four hexadecimal digits");
    }
  }

  void word(std::string_view expected) {
    if (!text_.substr(at_).starts_with(expected)) fail("a value");
    at_ += expected.size();
  }

  void digits() {
    if (!is_digit(peek())) fail("a digit");
    while (is_digit(peek())) ++at_;
  }

  void number() {
    const bool negative = take('-');
    if (!negative && !is_digit(peek())) fail("a value");
    if (!take('0')) digits();
    if (take('.')) digits();
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (!take('-')) take('+');
      digits();
    }
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  std::set<std::string> names_;  // of the object's members
};

void append_utf8(std::string& out, std::uint32_t c) {
  const auto add = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    add(c);
  } else if (c < 0x800) {
    add(0xc0 | (c >> 6));
    add(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    add(0xe0 | (c >> 12));
    add(0x80 | ((c >> 6) & 0x3f));
    add(0x80 | (c & 0x3f));
  } else {
    add(0xf0 | (c >> 18));
    add(0x80 | ((c >> 12) & 0x3f));
    add(0x80 | ((c >> 6) & 0x3f));
    add(0x80 | (c & 0x3f));
  }
}

std::uint32_t hex4(std::string_view digits) {
  std::uint32_t number = 0;
  std::from_chars(digits.data(), digits.data() + 4, number, 16);
  return number;
}

/// Appends what the escape at the beginning of `text`, "\u00e9…", stands for; gives its size.
std::size_t append_unicode(std::string& out, std::string_view text) {
  const std::uint32_t first = hex4(text.substr(2, 4));
  if (first < 0xd800 || first > 0xdfff) {
    append_utf8(out, first);
    return 6;
  }
  if (first < 0xdc00 && text.size() >= 12 && text.substr(6, 2) == "\\u") {
    const std::uint32_t second = hex4(text.substr(8, 4));
    if (second >= 0xdc00 && second <= 0xdfff) {
      append_utf8(out, 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
      return 12;
    }
  }
  if (first < 0xdc80 || first > 0xdcff) {
    throw Error("invalid_input", fmt::format("has the escape {}, half of a surrogate pair, which is not a character",
                                             text.substr(0, 6)));
  }
  out += static_cast<char>(first & 0xff);
  return 6;
}

}  // namespace

const JsonLine::Member* JsonLine::find(std::string_view name) const {
  const auto found = std::ranges::find(members, name, &Member::name);
  return found == members.end() ? nullptr : &*found;
}

JsonLine JsonLine::read(std::string_view text) {
  return Scanner(text).line();
}

std::string text_of_json(std::string_view quoted) {
  std::string text;
  quoted = quoted.substr(1, quoted.size() - 2);
  while (!quoted.empty()) {
    const std::size_t escape = quoted.find('\\');
    text += quoted.substr(0, escape);
    if (escape == std::string_view::npos) break;
    quoted.remove_prefix(escape);
    if (quoted[1] == 'u') {
      quoted.remove_prefix(append_unicode(text, quoted));
      continue;
    }
    constexpr std::string_view kNames = "bfnrt";
    constexpr std::string_view kMean = "\b\f\n\r\t";
    const std::size_t named = kNames.find(quoted[1]);
    text += named == std::string_view::npos ? quoted[1] : kMean[named];
    quoted.remove_prefix(2);
  }
  return text;
}

}  // namespace pipit
