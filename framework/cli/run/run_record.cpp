#include "cli/run/run_record.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

#include "value/json_text.h"

namespace pipit::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::size_t kDigestBytes = 17;  // 16 digits and a line's end

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

std::string lines_of(const std::vector<std::uint64_t>& digests) {
  std::string lines;
  for (const std::uint64_t digest : digests) lines += fmt::format("{:016x}\n", digest);
  return lines;
}

/// A record without a torn digest at its end.
struct Stored {
  Json content;
  std::int64_t digests_at = 0;
  std::vector<std::uint64_t> digests;
};

std::optional<Stored> read_record(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return std::nullopt;
  std::ostringstream all;
  all << stream.rdbuf();
  const std::string text = all.str();
  // Only the last brace of the record begins a line.
  const std::size_t brace = text.find("\n}\n");
  Stored stored;
  stored.digests_at = static_cast<std::int64_t>(brace == std::string::npos ? text.size() : brace + 3);
  stored.content = Json::parse(text.substr(0, static_cast<std::size_t>(stored.digests_at)), nullptr, false);
  name_times(stored.content);
  for (auto at = static_cast<std::size_t>(stored.digests_at); at + kDigestBytes <= text.size(); at += kDigestBytes) {
    std::uint64_t digest = 0;
    const char* const end = text.data() + at + kDigestBytes - 1;
    const auto read = std::from_chars(text.data() + at, end, digest, 16);
    if (read.ec != std::errc() || read.ptr != end || *end != '\n') break;
    stored.digests.push_back(digest);
  }
  return stored;
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

/// "nodes.embed.args.num_samples was 12, is 8", for each leaf that differs.
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

RunRecord::RunRecord(const Pipeline& pipeline, const std::string& inputs, const std::string& column) {
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
  // Names that are not UTF-8 as they read back.
  content_ = Json::parse(content_.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void RunRecord::write(const std::string& output, const std::vector<std::uint64_t>& digests) {
  const std::string text = content_.dump(2) + "\n" + lines_of(digests);
  file_ = OutputFile::beside(file_of(output), ".new");
  file_->append(text);
  file_->finish();
  file_->rename_to(file_of(output));
}

void RunRecord::remove(const std::string& output) {
  std::error_code error;
  fs::remove(file_of(output), error);
}

void RunRecord::add(std::uint64_t digest) {
  file_->append(lines_of({digest}));
}

std::vector<std::uint64_t> RunRecord::check(const std::string& output) {
  auto was = read_record(file_of(output));
  if (!was || !was->content.is_object()) {
    throw Error("invalid_input", fmt::format("cannot resume '{}': '{}', which tells how it was made, {}; start anew "
                                             "with --overwrite",
                                             output, file_of(output), was ? "is damaged" : "is not there"));
  }
  std::string differences;
  add_differences(differences, "", was->content, content_);
  if (!differences.empty()) {
    throw Error("invalid_input", fmt::format("cannot resume '{}': it was made by another run: {}; start anew with "
                                             "--overwrite, or name another --output",
                                             output, differences));
  }
  digests_at_ = was->digests_at;
  return was->digests;
}

void RunRecord::go_on(const std::string& output, const std::vector<std::uint64_t>& digests) {
  file_ = std::make_unique<OutputFile>(file_of(output));
  file_->begin_behind(digests_at_);
  file_->append(lines_of(digests));
}

}  // namespace pipit::cli
