#include "run_record.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>

#include "json_text.h"
#include "output_file.h"

namespace pipit::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::string record_of(const std::string& output) {
  return output + ".run";
}

Json stamp(const fs::path& file) {
  return {{"bytes", fs::file_size(file)}, {"modified", fs::last_write_time(file).time_since_epoch().count()}};
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

RunRecord::RunRecord(const Pipeline& pipeline, const std::string& inputs) {
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
}

void RunRecord::write(const std::string& output) const {
  const auto file = OutputFile::beside(record_of(output));
  file->append(content_.dump(2) + "\n");
  file->finish();
  file->rename_to(record_of(output));
}

void RunRecord::check(const std::string& output) const {
  std::ifstream stream(record_of(output));
  const Json was = stream ? Json::parse(stream, nullptr, false) : Json();
  if (!was.is_object()) {
    throw Error("invalid_input", fmt::format("cannot resume '{}': '{}', which tells how it was made, {}; start anew "
                                             "without --resume",
                                             output, record_of(output), stream ? "is damaged" : "is not there"));
  }
  std::string differences;
  add_differences(differences, "", was, content_);
  if (differences.empty()) return;
  throw Error("invalid_input", fmt::format("cannot resume '{}': it was made by another run: {}; start anew without "
                                           "--resume, or name another --output",
                                           output, differences));
}

}  // namespace pipit::cli
