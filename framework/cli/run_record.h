// What an output was made with, kept beside it, so that nothing else is appended to it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "pipit/pipeline.h"

namespace pipit::cli {

/// "OUT.jsonl.run": the pipeline after all substitutions, the sizes and modification times of the files that its
/// arguments name, where the inputs came from, and the version of pipit.
class RunRecord {
 public:
  /// `inputs`: as the command line named them. Throws pipit::Error (`not_found`) when a file of an argument went away.
  RunRecord(const Pipeline& pipeline, const std::string& inputs);

  /// Writes it beside an output, at once and wholly. Throws pipit::Error (`output_failed`).
  void write(const std::string& output) const;
  /// Throws pipit::Error (`invalid_input`) that names what has changed since the record beside `output` was written.
  void check(const std::string& output) const;

 private:
  nlohmann::ordered_json content_;
};

}  // namespace pipit::cli
