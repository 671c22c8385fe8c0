// What an earlier run left in its output.
#pragma once

#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace pipit::cli {

/// Result lines as they are in a file. A last line without its end, torn by a kill or a full disk, does not count.
class ResultLines {
 public:
  /// Throws pipit::Error (`output_failed`).
  explicit ResultLines(const std::string& file);

  /// The next line with its newline; nothing after the last whole one.
  std::optional<std::string> next();

 private:
  std::ifstream stream_;
};

struct EarlierResults {
  std::int64_t items = 0;            // whole lines
  std::int64_t bytes = 0;            // that they take
  std::int64_t rows = 0;             // of the array beside them
  std::vector<std::int64_t> failed;  // items, ascending
  /// Of what the items were made from; nothing where it is not known.
  std::vector<std::optional<std::uint64_t>> digests{};

  /// `array`: the lines stand beside one. Throws pipit::Error (`invalid_input`) when a line is not the one of the item
  /// that belongs there.
  static EarlierResults read(const std::string& file, bool array);
};

}  // namespace pipit::cli
