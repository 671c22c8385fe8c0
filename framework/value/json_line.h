// One line of JSON, as pieces of its own text: what is only carried on stays exactly as it was written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pipit {

struct JsonLine {
  static constexpr int kMaxDepth = 64;  // of lists and objects

  struct Member {
    std::string name;
    std::string_view name_text;  // as it was written, with its quotes
    std::string_view value;      // as it was written, without spaces around it
  };
  std::string_view kind;        // "object", "array", "string", "number", "boolean" or "null"
  std::vector<Member> members;  // of an object, in their order

  /// The member of a name; null when there is none.
  const Member* find(std::string_view name) const;

  /// Reads one whole text strictly (RFC 8259), and allocates nothing but the members. The pieces point into `text`.
  /// Throws pipit::Error (`invalid_input`) that names the byte, from 1, and what was expected there.
  static JsonLine read(std::string_view text);
};

/// What a JSON string stands for; `quoted` was read by JsonLine. The escapes \udc80 to \udcff that have no partner are
/// bytes that are not UTF-8, as Python writes them (surrogateescape): so file names of any bytes can be written. Throws
/// pipit::Error (`invalid_input`) for another half of a surrogate pair.
std::string text_of_json(std::string_view quoted);

}  // namespace pipit
