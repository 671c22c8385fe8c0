// An index that is asked by strangers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "index/index.h"
#include "index/search/search.h"
#include "search/answer_files.h"
#include "search/answer_line.h"
#include "search/query_pipelines.h"
#include "server/media.h"

namespace pipit::server {

class Indexed {
 public:
  Indexed(std::string name, const std::filesystem::path& path, const Options& options)
      : name_(std::move(name)), index_(Index::open(path)), pipelines_(index_, options), files_(index_) {}

  const std::string& name() const { return name_; }
  const Index& index() const { return index_; }
  const AnswerFiles& files() const { return files_; }
  /// Opens the pipelines of all kinds of queries, so that the first one does not wait for it.
  void warm() { pipelines_.open_all(); }
  /// As QueryPipelines::embed().
  void embed(std::vector<Query>& queries, Deadline deadline) { pipelines_.embed(queries, deadline); }
  /// Throws pipit::Error as Search does.
  std::vector<ToldAnswer> answers(const Query& query, const SearchSettings& settings) const;

 private:
  const std::string name_;
  const Index index_;
  QueryPipelines pipelines_;
  AnswerFiles files_;
};

}  // namespace pipit::server
