// The pipelines of an index that give queries' vectors.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/search/query.h"
#include "index/index.h"
#include "pipit/pipeline.h"

namespace pipit::cli {

/// Opens each pipeline when it is first needed and keeps it, models and all. For one thread.
class QueryPipelines {
 public:
  /// `options`: its `set` comes behind what the index has kept. Keeps the index.
  QueryPipelines(const Index& index, Options options) : index_(index), options_(std::move(options)) {}

  /// Fills in the queries' vectors; what is wrong with one is its fault. Throws pipit::Error when a pipeline cannot be
  /// opened, or gives vectors of another space than the index's (`invalid_input`).
  void embed(std::vector<Query>& queries);

 private:
  struct Opened {
    Pipeline pipeline;
    std::string input;
    std::string vector;
  };
  Opened& opened(const Query& query);
  Opened open(const QueryPipeline& kept, const Options& options) const;
  Opened& open_stretch(const Opened& whole, const Query& query);
  void require_space(const std::vector<ColumnInfo>& outputs, const std::string& vector) const;

  const Index& index_;
  const Options options_;
  std::map<std::string, Opened> by_kind_;
  std::optional<Opened> stretch_;  // of a video; another one for each
};

}  // namespace pipit::cli
