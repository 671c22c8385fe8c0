#include "cli/input/table_reader.h"

#include <fmt/format.h>

#include <ranges>

namespace pipit::cli {
namespace {

/// Takes a record line by line; a quoted cell may go on in the next one.
class Cells {
 public:
  explicit Cells(char separator) : separator_(separator) {}

  /// Takes a line without its end. False: a quote is open, and the record goes on in the next line.
  bool take(std::string_view line) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      const bool line_end = line[i] == '\r' && i + 1 == line.size();
      if (state_ == State::kQuoted || !line_end) take(line[i]);
    }
    if (state_ == State::kQuoted) {
      cell_ += '\n';
      return false;
    }
    end_cell();
    return true;
  }
  std::vector<std::string> cells;
  std::string fault;

 private:
  enum class State { kBegin, kPlain, kQuoted, kQuoteInQuoted };

  void take(char c) {
    switch (state_) {
      case State::kBegin:
        if (c == '"') {
          state_ = State::kQuoted;
          return;
        }
        [[fallthrough]];
      case State::kPlain:
        if (c == separator_) return end_cell();
        cell_ += c;
        state_ = State::kPlain;
        return;
      case State::kQuoted:
        if (c == '"') {
          state_ = State::kQuoteInQuoted;
        } else {
          cell_ += c;
        }
        return;
      case State::kQuoteInQuoted:
        if (c == '"') {
          cell_ += c;
          state_ = State::kQuoted;
        } else if (c == separator_) {
          end_cell();
        } else if (fault.empty()) {
          fault = fmt::format("cell {} goes on behind its closing quote", cells.size() + 1);
        }
        return;
    }
  }

  void end_cell() {
    cells.push_back(std::move(cell_));
    cell_.clear();
    state_ = State::kBegin;
  }

  const char separator_;
  State state_ = State::kBegin;
  std::string cell_;
};

}  // namespace

std::optional<TableReader::Record> TableReader::next() {
  auto line = lines_.next_whole();
  while (line && line->blank()) line = lines_.next_whole();
  if (!line) return std::nullopt;
  Record record;
  record.line = line->number;
  Cells cells(separator_);
  std::vector<LineReader::Line> more;  // lines behind the first
  std::size_t bytes = line->text.size();
  bool whole = !line->too_long && cells.take(line->text);
  while (!whole && !line->too_long && bytes <= LineReader::kMaxLineBytes) {
    auto next = lines_.next_whole();
    if (!next) break;
    bytes += next->text.size() + 1;
    const bool too_long = next->too_long;
    if (!too_long) whole = cells.take(next->text);
    more.push_back(std::move(*next));
    if (too_long) break;
  }
  if (whole && cells.fault.empty()) {
    record.cells = std::move(cells.cells);
    return record;
  }
  record.fault = line->too_long ? fmt::format("is longer than {} MiB", LineReader::kMaxLineBytes >> 20)
                 : whole        ? cells.fault
                                : "a quote is not closed";
  record.text = std::move(line->text);
  for (LineReader::Line& again : std::views::reverse(more)) lines_.put_back(std::move(again));
  return record;
}

std::vector<std::string> cells_of(std::string_view line, char separator) {
  Cells cells(separator);
  cells.take(line);
  return cells.cells;
}

}  // namespace pipit::cli
