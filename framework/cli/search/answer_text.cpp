#include "cli/search/answer_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/output/terminal_text.h"
#include "cli/search/clock_time.h"

namespace pipit::cli {
namespace {

std::string time_of(const ToldAnswer& told) {
  if (!told.answer.times) return "";
  return fmt::format("{}–{}", clock_time(told.answer.times->start_ms), clock_time(told.answer.times->end_ms));
}

/// The file, or the first text that the row has.
std::string name_of(const ToldAnswer& told) {
  if (told.file) return told.file->name;
  for (const JsonLine::Member& member : told.fields.members()) {
    if (member.value.starts_with('"')) return text_of_json(member.value);
  }
  return fmt::format("item {}", told.fields.item());
}

/// How many places a text takes that has no wide characters: those of a dash are three bytes.
std::size_t places_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

std::string answer_table(const std::vector<ToldAnswer>& answers, std::size_t width) {
  std::size_t time_places = 0;
  for (const ToldAnswer& told : answers) time_places = std::max(time_places, places_of(time_of(told)));
  std::string table;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const std::string time = time_of(answers[i]);
    std::string line = fmt::format("{:>3}  {:>6.3f}  ", i + 1, answers[i].answer.score);
    if (time_places > 0) line += std::string(time_places - places_of(time), ' ') + time + "  ";
    const std::size_t before = places_of(line);
    const std::string name = name_of(answers[i]);
    line += width > before ? shortened(name, width - before) : shortened(name, name.size());
    table += line + "\n";
  }
  return table;
}

}  // namespace pipit::cli
