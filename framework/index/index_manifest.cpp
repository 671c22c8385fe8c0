#include "index/index_manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "pipit/error.h"

namespace pipit {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kMostBytes = 64 << 20;      // of a manifest
constexpr std::int64_t kMostDimensions = 1 << 20;  // of a vector
constexpr std::int64_t kMostRows = std::int64_t{1} << 40;
constexpr std::int64_t kMostLinks = 1 << 12;  // of a row
constexpr std::string_view kSumMember = ",\n  \"sha256\": \"";
constexpr std::string_view kEnd = "\"\n}\n";
constexpr std::size_t kSumDigits = 64;

/// Why a manifest is refused, without its place.
struct Wrong {
  std::string what;
};

/// The members of an object, each of the type that is expected.
class Members {
 public:
  Members(const Json& json, std::string place) : json_(json), place_(std::move(place)) {
    if (!json.is_object()) throw Wrong{fmt::format("{} is not an object", place_)};
  }

  const Json& at(const char* name) const {
    const auto found = json_.find(name);
    if (found == json_.end()) throw Wrong{fmt::format("{} has no '{}'", place_, name)};
    return *found;
  }
  std::string text(const char* name) const {
    const Json& value = at(name);
    if (!value.is_string()) throw Wrong{fmt::format("'{}' of {} is not a string", name, place_)};
    return value.get<std::string>();
  }
  std::int64_t count(const char* name, std::int64_t least, std::int64_t most) const {
    const Json& value = at(name);
    // A number above the signed ones is none that could be meant.
    const bool fits = value.is_number_integer() &&
                      (!value.is_number_unsigned() ||
                       value.get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<std::int64_t>::max()});
    if (!fits || value.get<std::int64_t>() < least || value.get<std::int64_t>() > most) {
      throw Wrong{fmt::format("'{}' of {} is not a number from {} to {}", name, place_, least, most)};
    }
    return value.get<std::int64_t>();
  }
  const Json& list(const char* name) const {
    const Json& value = at(name);
    if (!value.is_array()) throw Wrong{fmt::format("'{}' of {} is not a list", name, place_)};
    return value;
  }

 private:
  const Json& json_;
  std::string place_;
};

bool is_number(std::string_view name) {
  constexpr std::size_t kMostDigits = 18;
  return !name.empty() && name.size() <= kMostDigits &&
         std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_removed_file(std::string_view name) {
  constexpr std::string_view kBefore = "removed-";
  constexpr std::string_view kBehind = ".npy";
  return name.size() > kBefore.size() + kBehind.size() && name.starts_with(kBefore) && name.ends_with(kBehind) &&
         is_number(name.substr(kBefore.size(), name.size() - kBefore.size() - kBehind.size()));
}

Json json_of(const QueryPipeline& query) {
  Json set = Json::array();
  for (const auto& [name, value] : query.set) set.push_back(Json::array({name, value}));
  return {{"file", query.file}, {"text", query.text}, {"folder", query.folder}, {"set", set}};
}

QueryPipeline query_of(const Json& json, const std::string& name) {
  const Members members(json, fmt::format("query '{}'", name));
  QueryPipeline query{members.text("file"), members.text("text"), members.text("folder"), {}};
  for (const Json& pair : members.list("set")) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string()) {
      throw Wrong{fmt::format("'set' of query '{}' is not a list of pairs of strings", name)};
    }
    query.set.emplace_back(pair[0].get<std::string>(), pair[1].get<std::string>());
  }
  return query;
}

Json json_of(const std::map<std::string, IndexManifest::Sum>& sums) {
  Json files = Json::object();
  for (const auto& [name, sum] : sums) files[name] = {{"bytes", sum.bytes}, {"sha256", sum.sha256}};
  return files;
}

/// What the manifest says of a file.
IndexManifest::Sum sum_of(const Json& json, const std::string& place) {
  const Members what(json, place);
  return {what.count("bytes", 0, std::numeric_limits<std::int64_t>::max()), what.text("sha256")};
}

Json json_of(const IndexManifest::Segment& segment) {
  return {{"name", segment.name},           {"rows", segment.rows},       {"items", segment.items},
          {"failed", segment.failed},       {"removed", segment.removed}, {"largest_norm", segment.largest_norm},
          {"files", json_of(segment.files)}};
}

Json json_of(const IndexManifest::Accelerator& accelerator) {
  return {{"name", accelerator.name},     {"rows", accelerator.rows},       {"width", accelerator.width},
          {"starts", accelerator.starts}, {"effort", accelerator.effort},   {"k", accelerator.k},
          {"recall", accelerator.recall}, {"queries", accelerator.queries}, {"files", json_of(accelerator.files)}};
}

/// A number of at least 0, and finite.
double number_of(const Members& members, const char* name, const std::string& place) {
  const Json& number = members.at(name);
  if (!number.is_number() || !(number.get<double>() >= 0) || !std::isfinite(number.get<double>())) {
    throw Wrong{fmt::format("'{}' of {} is not a number of at least 0", name, place)};
  }
  return number.get<double>();
}

IndexManifest::Segment segment_of(const Json& json) {
  const Members members(json, "a segment");
  IndexManifest::Segment segment;
  segment.name = members.text("name");
  if (!is_number(segment.name)) throw Wrong{"the name of a segment is not a number"};
  const std::string place = fmt::format("segment '{}'", segment.name);
  const Members named(json, place);
  segment.rows = named.count("rows", 0, kMostRows);
  segment.items = named.count("items", 0, kMostRows);
  segment.failed = named.count("failed", 0, segment.items);
  segment.removed = named.count("removed", 0, segment.rows);
  segment.largest_norm = number_of(named, "largest_norm", place);
  const Json& files = named.at("files");
  if (!files.is_object()) throw Wrong{fmt::format("'files' of {} is not an object", place)};
  int lists = 0;
  for (const auto& [name, sum] : files.items()) {
    const bool is_list = is_removed_file(name);
    lists += is_list ? 1 : 0;
    if (!is_list && name != "vectors.npy" && name != "rows.jsonl" && name != "items.jsonl") {
      throw Wrong{fmt::format("{} has a file of another name", place)};
    }
    segment.files[name] = sum_of(sum, fmt::format("'{}' of {}", name, place));
  }
  for (const char* name : {"vectors.npy", "rows.jsonl", "items.jsonl"}) {
    if (!segment.files.contains(name)) throw Wrong{fmt::format("{} has no '{}'", place, name)};
  }
  if (lists != (segment.removed > 0 ? 1 : 0)) {
    throw Wrong{fmt::format("{} has {} removed rows and {} lists of them", place, segment.removed, lists)};
  }
  return segment;
}

IndexManifest::Accelerator accelerator_of(const Json& json, std::int64_t rows) {
  const std::string place = "the accelerator";
  const Members members(json, place);
  IndexManifest::Accelerator accelerator;
  accelerator.name = members.text("name");
  if (!is_number(accelerator.name)) throw Wrong{"the name of the accelerator is not a number"};
  accelerator.rows = members.count("rows", 1, rows);
  accelerator.width = members.count("width", 1, kMostLinks);
  accelerator.starts = members.count("starts", 1, accelerator.rows);
  accelerator.effort = members.count("effort", 1, kMostRows);
  accelerator.k = members.count("k", 1, kMostRows);
  accelerator.recall = number_of(members, "recall", place);
  accelerator.queries = members.count("queries", 1, kMostRows);
  const Members files(members.at("files"), "'files' of the accelerator");
  for (const char* name : {"codes.npy", "links.npy", "scales.npy", "starts.npy"}) {
    accelerator.files[name] = sum_of(files.at(name), fmt::format("'{}' of the accelerator", name));
  }
  return accelerator;
}

IndexSettings settings_of(const Members& members) {
  IndexSettings settings;
  settings.space = members.text("space");
  settings.dimension = members.count("dimension", 1, kMostDimensions);
  const std::string dtype = members.text("dtype");
  if (dtype != "float32" && dtype != "float16") throw Wrong{"'dtype' is neither 'float32' nor 'float16'"};
  settings.dtype = dtype == "float16" ? DType::kFloat16 : DType::kFloat32;
  settings.vector = members.text("vector");
  settings.pipeline = members.at("pipeline");
  const Json& queries = members.at("queries");
  if (!queries.is_object()) throw Wrong{"'queries' is not an object"};
  for (const auto& [name, query] : queries.items()) settings.queries[name] = query_of(query, name);
  return settings;
}

IndexManifest manifest_of(const Json& json) {
  const Members members(json, "it");
  IndexManifest manifest;
  manifest.settings = settings_of(members);
  for (const Json& run : members.list("runs")) {
    const Members of_run(run, "a run");
    manifest.runs.push_back({of_run.count("first_item", 0, kMostRows), of_run.text("folder"), of_run.at("record")});
  }
  manifest.generation = members.count("generation", 0, kMostRows);
  manifest.items = members.count("items", 0, kMostRows);
  for (const Json& segment : members.list("segments")) {
    manifest.segments.push_back(segment_of(segment));
    const std::string& name = manifest.segments.back().name;
    if (std::ranges::count(manifest.segments, name, &IndexManifest::Segment::name) > 1) {
      throw Wrong{fmt::format("segment '{}' is named twice", name)};
    }
  }
  std::int64_t rows = 0;
  for (const auto& segment : manifest.segments) rows = std::min(kMostRows, rows + segment.rows);
  if (json.contains("accelerator")) manifest.accelerator = accelerator_of(json.at("accelerator"), rows);
  if (manifest.rows() > kMostRows) throw Wrong{"it has more rows than an index can"};
  return manifest;
}

/// The format that a text says it has, even where it is damaged or of another; -1: none.
std::int64_t format_of(const Json& json) {
  const auto found = json.is_object() ? json.find("pipit_index") : json.end();
  return json.is_object() && found != json.end() && found->is_number_integer() ? found->get<std::int64_t>() : -1;
}

/// Whether the text ends with the sum of what stands before.
bool is_whole(std::string_view text) {
  const std::size_t tail = kSumMember.size() + kSumDigits + kEnd.size();
  if (text.size() < tail) return false;
  const std::size_t body = text.size() - tail;
  return text.substr(body, kSumMember.size()) == kSumMember && text.ends_with(kEnd) &&
         text.substr(body + kSumMember.size(), kSumDigits) == Sha256::of(text.substr(0, body));
}

}  // namespace

std::int64_t IndexManifest::Segment::bytes() const {
  return std::accumulate(files.begin(), files.end(), std::int64_t{0},
                         [](std::int64_t sum, const auto& file) { return sum + file.second.bytes; });
}

std::string IndexManifest::Segment::removed_file() const {
  const auto found = std::ranges::find_if(files, [](const auto& file) { return is_removed_file(file.first); });
  return found == files.end() ? "" : found->first;
}

std::int64_t IndexManifest::rows() const {
  return std::accumulate(segments.begin(), segments.end(), std::int64_t{0},
                         [](std::int64_t sum, const Segment& segment) { return sum + segment.rows - segment.removed; });
}

std::string IndexManifest::text() const {
  Json queries = Json::object();
  for (const auto& [name, query] : settings.queries) queries[name] = json_of(query);
  Json told = Json::array();
  for (const Run& run : runs) {
    told.push_back({{"first_item", run.first_item}, {"folder", run.folder}, {"record", run.record}});
  }
  Json parts = Json::array();
  for (const Segment& segment : segments) parts.push_back(json_of(segment));
  Json json = {{"pipit_index", kFormat},
               {"space", settings.space},
               {"dimension", settings.dimension},
               {"dtype", dtype_name(settings.dtype)},
               {"vector", settings.vector},
               {"pipeline", settings.pipeline},
               {"queries", queries},
               {"runs", told},
               {"generation", generation},
               {"items", items},
               {"segments", parts}};
  if (accelerator) json["accelerator"] = json_of(*accelerator);
  std::string body = json.dump(2, ' ', false, Json::error_handler_t::replace);
  body.resize(body.size() - 2);  // "\n}"
  const std::string sum = Sha256::of(body);
  return body + std::string(kSumMember) + sum + std::string(kEnd);
}

IndexManifest IndexManifest::read(const IndexFolder& folder) {
  if (!folder.has(kFile)) {
    throw Error("not_found", fmt::format("folder '{}' holds no index: it has no '{}'", folder.path().string(), kFile));
  }
  const std::string text = folder.read(kFile, kMostBytes);
  const Json json = Json::parse(text, nullptr, false);
  // A newer pipit may write anything behind its number.
  if (const std::int64_t format = format_of(json); format > kFormat) {
    throw Error("invalid_index",
                fmt::format("index '{}' has format {}; this pipit reads format {}: a newer one is needed",
                            folder.path().string(), format, kFormat));
  }
  if (!is_whole(text)) folder.damaged(fmt::format("'{}' is not what its sum says", kFile));
  try {
    if (format_of(json) != kFormat) throw Wrong{"it does not say 'pipit_index': 1"};
    return manifest_of(json);
  } catch (const Wrong& wrong) {
    folder.damaged(fmt::format("'{}' is wrong: {}", kFile, wrong.what));
  }
}

}  // namespace pipit
