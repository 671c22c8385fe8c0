#include "cli/search/query_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/near.h"
#include "pipit/error.h"
#include "value/json_line.h"
#include "value/json_text.h"

namespace pipit::cli {
namespace {

const std::vector<std::string> kKinds = {"text", "image", "video"};
const std::vector<std::string> kTaken = {"query", "rank", "score", "error"};

double seconds_of(const JsonLine::Member& member) {
  double seconds = 0;
  const char* end = member.value.data() + member.value.size();
  const auto [read, error] = std::from_chars(member.value.data(), end, seconds);
  if (error != std::errc() || read != end || !(seconds >= 0)) {
    throw Error("invalid_input",
                fmt::format("'{}' takes a number of at least 0, in seconds, found {}", member.name, member.value));
  }
  return seconds;
}

void take(const JsonLine::Member& member, Query& query) {
  if (std::ranges::find(kKinds, member.name) != kKinds.end()) {
    if (!query.kind.empty()) {
      throw Error("invalid_input",
                  fmt::format("asks with '{}' and with '{}'; a query has one of them", query.kind, member.name));
    }
    if (!member.value.starts_with('"')) {
      throw Error("invalid_input", fmt::format("'{}' takes a text, found {}", member.name, member.value));
    }
    query.kind = member.name;
    query.text = text_of_json(member.value);
  } else if (member.name == "start") {
    query.start = seconds_of(member);
  } else if (member.name == "end") {
    query.end = seconds_of(member);
  } else {
    const bool taken = std::ranges::find(kTaken, member.name) != kTaken.end();
    std::string name(member.name_text);
    if (taken) {
      name.clear();
      append_json_text(name, "input." + member.name);
    }
    query.carried += fmt::format(",{}:{}", name, member.value);
  }
}

}  // namespace

Query query_of_json(std::string_view line, const std::string& place) {
  Query query;
  query.text = place;
  try {
    const JsonLine json = JsonLine::read(line);
    if (json.kind != "object") {
      throw Error("invalid_input", fmt::format("is {} {}, expected an object, as in {{\"text\": \"a red car\"}}",
                                               json.kind == "array" ? "an" : "a", json.kind));
    }
    for (const JsonLine::Member& member : json.members) take(member, query);
    if (query.kind.empty()) throw Error("invalid_input", "asks with nothing: it lacks 'text', 'image' and 'video'");
    if (query.kind != "video" && (query.start || query.end)) {
      throw Error("invalid_input", fmt::format("'start' and 'end' go with 'video', found '{}'", query.kind));
    }
  } catch (const Error& e) {
    query.fault = e.what();
  }
  return query;
}

QueryList::QueryList(const std::string& file) : lines_(file) {}

std::vector<Query> QueryList::next(std::size_t most) {
  std::vector<Query> queries;
  while (queries.size() < most) {
    const std::optional<LineReader::Line> line = lines_.next();
    if (!line) break;
    if (!json_) json_ = line->text.find_first_not_of(" \t") == line->text.find('{');
    const std::string place = fmt::format("{}:{}", lines_.name(), line->number);
    if (line->too_long) {
      queries.push_back(
          {.text = place, .fault = fmt::format("is longer than {} MiB", LineReader::kMaxLineBytes >> 20)});
    } else if (*json_) {
      queries.push_back(query_of_json(line->text, place));
    } else {
      queries.push_back({.kind = "text", .text = line->text});
    }
  }
  return queries;
}

}  // namespace pipit::cli
