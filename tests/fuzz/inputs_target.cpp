// Lists of items: JSON is taken where another parser takes it and nowhere else, and a table is read to its end.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "cli/input/table_reader.h"
#include "folder.h"
#include "pipit/error.h"
#include "value/json_line.h"

namespace {

using pipit::JsonLine;

void check(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Whether a number may be too large for the other parser.
bool may_be_large(std::string_view text) {
  std::size_t digits = 0;
  for (const char c : text) {
    if ((digits > 0 && (c == 'e' || c == 'E')) || digits > 300) return true;
    digits = is_digit(c) ? digits + 1 : 0;
  }
  return false;
}

void read_json(std::string_view text) {
  // The other parser takes these for the end, and for nothing.
  if (has(text, std::string_view("\0", 1)) || text.starts_with("\xef")) return;
  const bool accepted = nlohmann::json::accept(text);
  try {
    const JsonLine line = JsonLine::read(text);
    for (const JsonLine::Member& member : line.members) {
      check(
          member.value.data() >= text.data() && member.value.data() + member.value.size() <= text.data() + text.size(),
          "a value lies outside of its line");
      if (member.value.starts_with('"')) pipit::text_of_json(member.value);
    }
    // Numbers of any size and halves of surrogate pairs are JSON.
    check(accepted || may_be_large(text) || has(text, "\\u"), "a line is read that is not JSON");
  } catch (const pipit::Error& e) {
    const std::string_view why = e.what();
    check(!accepted || has(why, "deeper") || has(why, "more than once"), "a line is refused that is JSON");
  }
}

void read_table(std::span<const std::byte> bytes) {
  pipit::cli::LineReader lines(fuzz::write("table", bytes).string());
  pipit::cli::TableReader table(lines, ',');
  std::int64_t last = 0;
  while (const auto record = table.next()) {
    check(record->cells.empty() != record->fault.empty(), "a record has neither cells nor a fault");
    check(record->line > last, "a line is read twice");
    last = record->line;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    read_json(std::string_view(text).substr(start, end - start));
    start = end + 1;
  }
  read_json(text);
  read_table(bytes);
  return 0;
}
