// The pipelines of an index that give queries' vectors.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "index/index.h"
#include "pipit/pipeline.h"
#include "search/deadline.h"
#include "search/query.h"

namespace pipit {

/// Opens each pipeline when it is first needed and keeps it, models and all. All functions may be called from several
/// threads: queries of theirs share batches.
class QueryPipelines {
 public:
  /// `options`: its `set` comes behind what the index has kept. Keeps the index.
  QueryPipelines(const Index& index, Options options) : index_(index), options_(std::move(options)) {}

  /// Fills in the queries' vectors; what is wrong with one is its fault. Throws pipit::Error when a pipeline cannot be
  /// opened, or gives vectors of another space than the index's (`invalid_input`). Queries whose vector is not there by
  /// the deadline are late.
  void embed(std::vector<Query>& queries, Deadline deadline = {});
  /// Opens those that are not open yet. Throws as embed().
  void open_all();

 private:
  struct Opened {
    Pipeline pipeline;
    std::string input;
    std::string vector;
  };
  Opened& opened(const Query& query);
  Opened open(const QueryPipeline& kept, const Options& options) const;
  Opened open_stretch(const Opened& whole, const Query& query) const;
  void require_space(const std::vector<ColumnInfo>& outputs, const std::string& vector) const;

  const Index& index_;
  const Options options_;
  std::mutex mutex_;  // of the map; what is in it stays
  std::map<std::string, Opened> by_kind_;
};

}  // namespace pipit
