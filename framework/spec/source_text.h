// A pipeline file's text, to show what is wrong where it stands.
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pipit {

/// A place in a file: line and column from 1; columns count bytes. Line 0: nowhere in particular.
struct SourcePlace {
  int line = 0;
  int column = 0;

  auto operator<=>(const SourcePlace&) const = default;
};

/// The text of one file by its lines.
class SourceText {
 public:
  /// Text that is not UTF-8 all through is shown as far as it is; UTF-16 has no lines here.
  explicit SourceText(std::string_view text);

  /// Without its line break; empty when there is no such line.
  std::string_view line(int number) const;
  /// The column in characters, as people count.
  int character(SourcePlace place) const;
  /// The line at a place and below it a caret under the place, each after a line break and indented; empty when there
  /// is no such line. A long line is cut around the place, and what a terminal would obey is replaced.
  std::string shown(SourcePlace place) const;

 private:
  std::string text_;
  std::vector<std::size_t> starts_;  // of the lines
};

}  // namespace pipit
