#include "cli/run/run_record.h"

#include <fmt/format.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <map>

#include "value/json_text.h"
#include "value/type.h"

namespace pipit::cli {
namespace {

namespace fs = std::filesystem;
using Json = RunRecord::Json;

/// "2026-11-24T20:53:07.250000000Z".
std::string time_text(fs::file_time_type time) {
  const auto system = std::chrono::file_clock::to_sys(time);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(system);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(system - seconds).count();
  const std::time_t whole = seconds.time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&whole, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, rest);
}

Json stamp(const fs::path& file) {
  return {{"bytes", fs::file_size(file)}, {"modified", time_text(fs::last_write_time(file))}};
}

/// Records of before have times as numbers.
void name_times(Json& record) {
  if (!record.is_object() || !record.contains("files")) return;
  for (auto& [name, file] : record["files"].items()) {
    if (!file.is_object() || !file.contains("modified") || !file["modified"].is_number_integer()) continue;
    const fs::file_time_type::duration since(file["modified"].get<std::int64_t>());
    file["modified"] = time_text(fs::file_time_type(since));
  }
}

/// Size and time tell a changed file as they do for make and ninja: reading gigabytes of weights at each start would
/// cost more than it finds. A folder counts with all files in it.
void add_stamps(Json& files, const fs::path& path) {
  if (!fs::is_directory(path)) {
    files[path.string()] = fs::is_regular_file(path) ? stamp(path) : Json();
    return;
  }
  std::map<std::string, Json> inside;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (entry.is_regular_file()) inside[entry.path().string()] = stamp(entry.path());
  }
  for (auto& [name, value] : inside) files[name] = std::move(value);
}

void add_differences(std::string& text, const std::string& path, const Json& was, const Json& is) {
  if (was == is) return;
  if (was.is_object() && is.is_object()) {
    const auto below = [&](const std::string& key) { return path.empty() ? key : path + "." + key; };
    const std::size_t before = text.size();
    for (const auto& [key, value] : was.items()) {
      add_differences(text, below(key), value, is.contains(key) ? is[key] : Json());
    }
    for (const auto& [key, value] : is.items()) {
      if (!was.contains(key)) add_differences(text, below(key), Json(), value);
    }
    if (text.size() == before) text += fmt::format("{}{} is in another order", text.empty() ? "" : ", ", path);
    return;
  }
  const auto shown = [](const Json& json) { return json.is_null() ? std::string("not there") : json.dump(); };
  text += fmt::format("{}{} was {}, is {}", text.empty() ? "" : "; ", path, shown(was), shown(is));
}

}  // namespace

RunRecord::RunRecord(const Pipeline& pipeline, const std::string& inputs, const std::string& column,
                     const std::string& shard) {
  const Value description = pipeline.describe();
  std::string text;
  append_json(text, description);
  Json files = Json::object();
  const Value nodes = description.get("nodes");
  for (std::size_t i = 0; i < nodes.map_size(); ++i) {
    const auto [name, node] = nodes.map_at(i);
    for (const Value& file : node.get("files").list()) add_stamps(files, fs::path(file.string()));
  }
  content_ = {{"pipit", PIPIT_VERSION}, {"pipeline", Json::parse(text)}, {"files", files}, {"inputs", inputs}};
  if (!column.empty()) content_["column"] = column;
  if (!shard.empty()) content_["shard"] = shard;
  for (const ColumnInfo& output : pipeline.outputs()) {
    if (!output.space.empty() && Type::parse(output.type).kind == Kind::kTensor) {
      content_["spaces"][output.name] = output.space;
    }
  }
  // Names that are not UTF-8 as they read back.
  content_ = Json::parse(content_.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void RunRecord::check(const std::string& output, Json was) const {
  name_times(was);
  Json is = content_;
  // Records of before have no spaces; the weights' files are among what they have.
  if (!was.contains("spaces")) is.erase("spaces");
  const std::string changed = differences(was, is);
  if (changed.empty()) return;
  throw Error("invalid_input", fmt::format("cannot resume '{}': it was made by another run: {}; start anew with "
                                           "--overwrite, or name another --output",
                                           output, changed));
}

std::string differences(const Json& was, const Json& is) {
  std::string text;
  add_differences(text, "", was, is);
  return text;
}

}  // namespace pipit::cli
