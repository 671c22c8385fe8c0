#include "search/query_pipelines.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <memory>
#include <optional>

#include "base/near.h"
#include "base/url.h"
#include "pipit/error.h"
#include "value/type.h"

namespace pipit {
namespace {

/// Which output is the query's vector: the one with the name that the index's has, or the only one.
const ColumnInfo& vector_among(const std::vector<ColumnInfo>& outputs, const std::string& name,
                               const std::string& file) {
  const ColumnInfo* only = nullptr;
  std::size_t count = 0;
  for (const ColumnInfo& output : outputs) {
    if (output.many || !may_be_vector(Type::parse(output.type))) continue;
    if (output.name == name) return output;
    only = &output;
    ++count;
  }
  if (count == 1) return *only;
  throw Error("invalid_pipeline", fmt::format("'{}' gives {} vectors, expected one, or one called '{}'", file,
                                              count == 0 ? "no" : "several", name));
}

bool has_key(const Value& map, std::string_view key) {
  if (map.kind() != Kind::kMap) return false;
  for (std::size_t i = 0; i < map.map_size(); ++i) {
    if (map.map_at(i).first == key) return true;
  }
  return false;
}

/// A node that can be told which stretch of a video to read; empty: there is none.
std::string reader_of_stretch(const Value& description) {
  const Value nodes = description.get("nodes");
  for (std::size_t i = 0; i < nodes.map_size(); ++i) {
    const auto [name, node] = nodes.map_at(i);
    const Value arguments = node.get("args");
    if (has_key(arguments, "start_time") && has_key(arguments, "end_time")) return std::string(name);
  }
  return "";
}

std::vector<float> numbers_of(const Value& value, std::int64_t dimension) {
  const Tensor tensor = value.tensor();
  if (tensor.dtype() != DType::kFloat32 || !tensor.contiguous() || tensor.elements() != dimension) {
    throw Error("invalid_output",
                fmt::format("the query's vector is {}, expected {} numbers of float32", type_of(value), dimension));
  }
  const float* first = tensor.data<float>();
  return {first, first + tensor.elements()};
}

/// Whether a query can be asked at all, before a pipeline is opened for it; empty: it can.
std::string fault_of(const Query& query) {
  if (query.text.find_first_not_of(" \t\r\n") == std::string::npos) return "the query is empty";
  if (query.kind != "text" && is_url(query.text)) {
    return fmt::format("'{}': URLs are not read; copy it to a file first", query.text);
  }
  return "";
}

}  // namespace

void QueryPipelines::require_space(const std::vector<ColumnInfo>& outputs, const std::string& vector) const {
  for (const ColumnInfo& output : outputs) {
    if (output.name != vector || output.space == index_.settings().space) continue;
    throw Error("invalid_input",
                fmt::format("vectors of different spaces cannot be compared: the query's is of '{}', index '{}' has "
                            "'{}'; ask with the weights that it was made with, as in --set vars.weights=FILE",
                            output.space, index_.path().string(), index_.settings().space));
  }
}

QueryPipelines::Opened QueryPipelines::open(const QueryPipeline& kept, const Options& options) const {
  Options all = options;
  all.set.insert(all.set.begin(), kept.set.begin(), kept.set.end());
  all.spaces = true;
  Pipeline pipeline = Pipeline::parse(kept.text, kept.folder, all);
  const std::string vector = vector_among(pipeline.outputs(), index_.settings().vector, kept.file).name;
  require_space(pipeline.outputs(), vector);
  std::string input = pipeline.inputs().front().name;
  return {std::move(pipeline), std::move(input), vector};
}

QueryPipelines::Opened& QueryPipelines::opened(const Query& query) {
  const auto kept = index_.settings().queries.find(query.kind);
  if (kept == index_.settings().queries.end()) {
    std::vector<std::string> kinds;
    for (const auto& [kind, pipeline] : index_.settings().queries) kinds.push_back("--" + kind);
    throw Error("invalid_argument",
                fmt::format("index '{}' cannot be asked with --{}: its pipeline names no file for it in 'index'{}",
                            index_.path().string(), query.kind,
                            kinds.empty() ? "; ask with --vectors" : "; it can with " + quoted_list(kinds)));
  }
  const std::scoped_lock lock(mutex_);
  const auto found = by_kind_.find(query.kind);
  if (found != by_kind_.end()) return found->second;
  return by_kind_.emplace(query.kind, open(kept->second, options_)).first->second;
}

void QueryPipelines::open_all() {
  for (const auto& [kind, kept] : index_.settings().queries) opened({.kind = kind});
}

/// The model is shared with the pipeline of whole videos.
QueryPipelines::Opened QueryPipelines::open_stretch(const Opened& whole, const Query& query) const {
  const QueryPipeline& kept = index_.settings().queries.at(query.kind);
  const std::string node = reader_of_stretch(whole.pipeline.describe());
  if (node.empty()) {
    throw Error("invalid_argument",
                fmt::format("'{}' reads whole videos: no node of it takes 'start_time' and 'end_time'", kept.file));
  }
  Options options = options_;
  if (query.start) options.set.emplace_back(node + ".start_time", fmt::format("{}", *query.start));
  if (query.end) options.set.emplace_back(node + ".end_time", fmt::format("{}", *query.end));
  return open(kept, options);
}

void QueryPipelines::embed(std::vector<Query>& queries, Deadline deadline) {
  struct Asked {
    Query* query;
    std::string vector;  // the output
    std::future<Result> result;
  };
  std::vector<Asked> asked;
  for (Query& query : queries) {
    if (query.kind.empty() || !query.fault.empty()) continue;
    query.fault = fault_of(query);
    if (!query.fault.empty()) continue;
    const bool stretch = query.start || query.end;
    Opened& whole = opened(query);
    try {
      std::optional<Opened> of_stretch;
      if (stretch) of_stretch.emplace(open_stretch(whole, query));
      Opened& opened = stretch ? *of_stretch : whole;
      const auto promise = std::make_shared<std::promise<Result>>();
      opened.pipeline.submit({{opened.input, Value(query.text)}},
                             [promise, file = query.file](Result result) { promise->set_value(std::move(result)); });
      asked.push_back({&query, opened.vector, promise->get_future()});
      if (stretch) query.late = !is_there(asked.back().result, deadline);  // its pipeline goes, which cancels the item
    } catch (const Error& e) {
      query.fault = e.what();
    }
  }
  for (Asked& one : asked) {
    if (one.query->late || !is_there(one.result, deadline)) {
      one.query->late = true;
      one.query->fault = "the query was not understood in time";
      continue;
    }
    try {
      const Result result = one.result.get();
      if (result.error) throw Error(result.error->code, result.error->message);
      one.query->vector = numbers_of(result.at(one.vector), index_.settings().dimension);
    } catch (const Error& e) {
      one.query->fault = e.what();
    }
  }
}

}  // namespace pipit
