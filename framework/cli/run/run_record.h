// What an output is made with, so that nothing else is appended to it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "pipit/pipeline.h"

namespace pipit::cli {

/// The pipeline after all substitutions, the sizes and modification times of the files that its arguments name, the
/// spaces of its vectors, where the inputs came from, and the version of pipit.
class RunRecord {
 public:
  using Json = nlohmann::ordered_json;

  /// `inputs`: as the command line named them; `column`: the output that becomes an array, if one was chosen; `shard`:
  /// "2/5", if the run is one of several. Throws pipit::Error (`not_found`) when a file of an argument went away.
  RunRecord(const Pipeline& pipeline, const std::string& inputs, const std::string& column, const std::string& shard);

  const Json& content() const { return content_; }
  /// Throws pipit::Error (`invalid_input`) that names what has changed since an output was made: `was` is the content
  /// of its record.
  void check(const std::string& output, Json was) const;

 private:
  Json content_;
};

/// "nodes.embed.args.num_samples was 12, is 8; …", for each leaf that differs; empty: nothing does.
std::string differences(const RunRecord::Json& was, const RunRecord::Json& is);

}  // namespace pipit::cli
