// Comma- or tab-separated values as RFC 4180 writes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/input/line_reader.h"

namespace pipit::cli {

class TableReader {
 public:
  TableReader(LineReader& lines, char separator) : lines_(lines), separator_(separator) {}

  struct Record {
    std::int64_t line = 0;  // that it begins in
    std::vector<std::string> cells;
    std::string fault;  // why it has none, "a quote is not closed"
    std::string text;   // and its line then
  };
  /// The next record; nothing at the end. A quoted cell may hold separators, line ends and doubled quotes. A quote in
  /// the wrong place, or one that is not closed within 16 MiB, costs the record of its line only: the lines behind it
  /// are read again. Throws pipit::Error (`input_failed`).
  std::optional<Record> next();

 private:
  LineReader& lines_;
  const char separator_;
};

/// The cells of a line that is a record of its own.
std::vector<std::string> cells_of(std::string_view line, char separator);

}  // namespace pipit::cli
