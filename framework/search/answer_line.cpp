#include "search/answer_line.h"

#include <fmt/format.h>

#include "value/json_text.h"

namespace pipit {
namespace {

std::string query_fields(const Query& query) {
  std::string text = "{\"query\":";
  append_json_text(text, query.text, OtherBytes::kEscape);
  return text + query.carried;
}

}  // namespace

std::string answer_line(const Query& query, std::size_t rank, const ToldAnswer& told) {
  std::string text = query_fields(query) + fmt::format(",\"rank\":{},\"score\":{}", rank, told.answer.score);
  for (const JsonLine::Member& member : told.fields.members()) {
    const std::optional<RowTimes>& times = told.answer.times;
    text += fmt::format(",{}:", member.name_text);
    if (times && member.name == "start_ms") {
      text += std::to_string(times->start_ms);
    } else if (times && member.name == "end_ms") {
      text += std::to_string(times->end_ms);
    } else if (told.file && member.name == told.file->field) {
      append_json_text(text, told.file->name, OtherBytes::kEscape);
    } else {
      text += member.value;
    }
  }
  return text + "}\n";
}

std::string fault_line(const Query& query) {
  std::string text = query_fields(query) + ",\"error\":";
  append_json_text(text, query.fault);
  return text + "}\n";
}

}  // namespace pipit
