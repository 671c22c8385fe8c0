#include "index/search/row_fields.h"

#include <fmt/format.h>

#include <charconv>

#include "pipit/error.h"

namespace pipit {

RowFields::RowFields(std::string_view line) {
  try {
    line_ = JsonLine::read(line);
  } catch (const Error& e) {
    throw Error("invalid_index", fmt::format("a row's line {}", e.what()));
  }
  const std::optional<std::int64_t> item = integer("item");
  if (!item) throw Error("invalid_index", "a row's line names no item");
  item_ = *item;
}

std::optional<std::int64_t> RowFields::integer(std::string_view name) const {
  const JsonLine::Member* member = line_.find(name);
  if (member == nullptr) return std::nullopt;
  std::int64_t number = 0;
  const char* end = member->value.data() + member->value.size();
  const auto [read, error] = std::from_chars(member->value.data(), end, number);
  return error == std::errc() && read == end ? std::optional(number) : std::nullopt;
}

std::optional<RowTimes> RowFields::times() const {
  const auto start = integer("start_ms");
  const auto end = integer("end_ms");
  return start && end ? std::optional(RowTimes{*start, *end}) : std::nullopt;
}

std::optional<std::string> RowFields::text(std::string_view name) const {
  const JsonLine::Member* member = line_.find(name);
  if (member == nullptr) return std::nullopt;
  return member->value.starts_with('"') ? text_of_json(member->value) : std::string(member->value);
}

}  // namespace pipit
