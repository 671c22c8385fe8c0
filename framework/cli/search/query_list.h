// Queries from a file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/input/line_reader.h"
#include "search/query.h"

namespace pipit::cli {

/// Reads a file, "-" is standard input: JSON lines, {"text": "…"}, {"image": "a.jpg"} or {"video": "a.mp4", "start": 3,
/// "end": 5}, whose other fields are carried to the answers; or sentences, one a line.
class QueryList {
 public:
  /// Throws pipit::Error (`not_found`).
  explicit QueryList(const std::string& file);
  /// The next ones, at most so many; none at the end. What is wrong with a line is its query's fault. Throws
  /// pipit::Error (`input_failed`).
  std::vector<Query> next(std::size_t most);

 private:
  LineReader lines_;
  std::optional<bool> json_;  // once the first line is there
};

/// A line of JSON as a query; `place`: "q.jsonl:3".
Query query_of_json(std::string_view line, const std::string& place);

}  // namespace pipit::cli
