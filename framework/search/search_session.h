// An index that is asked one query after the other.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "index/index.h"
#include "index/search/search.h"
#include "pipit/pipeline.h"
#include "search/answer_files.h"
#include "search/answer_line.h"
#include "search/query.h"
#include "search/query_pipelines.h"

namespace pipit {

/// A query and what was found; no answers where the query has a fault.
struct Asked {
  Query query;
  std::vector<ToldAnswer> answers;
};

/// All functions may be called from several threads.
class SearchSession {
 public:
  /// Opens the index; its pipelines when they are first needed. Throws pipit::Error.
  SearchSession(const std::filesystem::path& index, SearchSettings settings, std::optional<AnswerUnit> unit,
                Options options);

  /// Asks them together; a query's own fault stays with it. Throws pipit::Error for what concerns all.
  std::vector<Asked> ask(std::vector<Query> queries);

  const Index& index() const { return index_; }
  const Accelerator* accelerator() const { return search_.accelerator(); }
  /// How many rows are searched.
  std::int64_t rows() const { return search_.rows(); }

 private:
  Index index_;
  Search search_;
  QueryPipelines pipelines_;
  AnswerFiles files_;
};

}  // namespace pipit
