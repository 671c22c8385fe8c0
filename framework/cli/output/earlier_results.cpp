#include "cli/output/earlier_results.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "cli/output/result_line.h"
#include "pipit/error.h"
#include "value/json_line.h"

namespace pipit::cli {
namespace {

bool is_line_of(const std::string& line, std::int64_t item) {
  const std::string head = fmt::format("{{\"item\":{}", item);
  return line.starts_with(head) && line.size() > head.size() &&
         (line[head.size()] == ',' || line[head.size()] == '}') && line.ends_with("}\n");
}

/// Lines are long and hardly any has an error: only one that may have it is parsed.
bool has_error(const std::string& line) {
  if (line.find(",\"error\":{\"node\":") == std::string::npos) return false;
  try {
    return JsonLine::read(line).find("error") != nullptr;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

ResultLines::ResultLines(const std::string& file) : stream_(file, std::ios::binary) {
  if (!stream_) throw Error("output_failed", fmt::format("cannot read '{}': {}", file, std::strerror(errno)));
}

std::optional<std::string> ResultLines::next() {
  std::string line;
  if (!std::getline(stream_, line) || stream_.eof()) return std::nullopt;
  line += '\n';
  return line;
}

EarlierResults EarlierResults::read(const std::string& file, bool array) {
  EarlierResults earlier;
  ResultLines lines(file);
  while (const auto line = lines.next()) {
    if (!is_line_of(*line, earlier.items)) {
      throw Error("invalid_input", fmt::format("cannot resume '{}': line {} is not the result of item {}; start anew "
                                               "with --overwrite",
                                               file, earlier.items + 1, earlier.items));
    }
    if (const auto rows = array ? rows_of(*line) : std::nullopt) {
      if (rows->first != earlier.rows || rows->count < 0) {
        throw Error("invalid_input",
                    fmt::format("cannot resume '{}': line {} names row {}, and its rows begin with {}; "
                                "start anew with --overwrite",
                                file, earlier.items + 1, rows->first, earlier.rows));
      }
      earlier.rows += rows->count;
    }
    if (has_error(*line)) earlier.failed.push_back(earlier.items);
    earlier.bytes += static_cast<std::int64_t>(line->size());
    ++earlier.items;
  }
  return earlier;
}

}  // namespace pipit::cli
