#include "cli/output/result_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "value/json_text.h"
#include "value/type.h"

namespace pipit::cli {
namespace {

constexpr std::string_view kRow = ",\"row\":";
constexpr std::string_view kRows = ",\"rows\":";

std::string good_line(const Result& result, const ItemFields& fields, std::string_view skip) {
  std::string line = fmt::format("{{\"item\":{}{}", fields.item, fields.carried);
  for (std::size_t i = 0; i < result.outputs.size(); ++i) {
    if (result.names[i] == skip) continue;
    line += ',';
    append_json_text(line, result.names[i], OtherBytes::kEscape);
    line += ':';
    append_json(line, result.outputs[i], OtherBytes::kEscape);
  }
  return line + "}\n";
}

std::string error_line(const ItemError& error, const ItemFields& fields) {
  return fmt::format("{{\"item\":{}{}{},\"error\":{}}}\n", fields.item, fields.carried, fields.inputs,
                     error_text(error));
}

}  // namespace

std::string error_text(const ItemError& error) {
  std::string text = "{\"node\":";
  if (error.node.empty()) {
    text += "null";
  } else {
    append_json_text(text, error.node);
  }
  text += ",\"code\":";
  append_json_text(text, error.code);
  text += ",\"message\":";
  append_json_text(text, error.message, OtherBytes::kEscape);
  return text + "}";
}

std::string object_of(std::string_view fields) {
  return fmt::format("{{{}}}", fields.substr(std::min<std::size_t>(fields.size(), 1)));
}

std::string line_of(Result& result, const ItemFields& fields, std::string_view skip) {
  if (!result.error) {
    try {
      return good_line(result, fields, skip);
    } catch (const Error& e) {
      result.error = ItemError{"", e.code() == "invalid_output" ? e.code() : "invalid_input", e.what()};
    }
  }
  return error_line(*result.error, fields);
}

void set_rows(std::string& line, const ArrayRows& rows) {
  const std::size_t behind_item = line.find_first_of(",}");
  std::size_t end = behind_item;
  for (const std::string_view field : {kRow, kRows}) {
    if (line.compare(end, field.size(), field) == 0) end = line.find_first_of(",}", end + 1);
  }
  const std::string count = rows.many ? fmt::format("{}{}", kRows, rows.count) : "";
  line.replace(behind_item, end - behind_item, fmt::format("{}{}{}", kRow, rows.first, count));
}

std::optional<ArrayRows> rows_of(std::string_view line) {
  const auto take = [&](std::string_view field, std::int64_t& number) {
    const std::size_t comma = line.find_first_of(",}");
    if (comma == std::string_view::npos || !line.substr(comma).starts_with(field)) return false;
    line.remove_prefix(comma + field.size());
    return std::from_chars(line.data(), line.data() + line.size(), number).ec == std::errc();
  };
  ArrayRows rows;
  if (!take(kRow, rows.first)) return std::nullopt;
  rows.many = take(kRows, rows.count);
  return rows;
}

void check_json_forms(const std::vector<ColumnInfo>& outputs) {
  for (const ColumnInfo& column : outputs) {
    if (has_json_form(Type::parse(column.type))) continue;
    throw Error("invalid_pipeline", fmt::format("output '{}' is {}, which has no JSON form; leave it out of 'outputs'",
                                                column.name, column.type));
  }
}

}  // namespace pipit::cli
