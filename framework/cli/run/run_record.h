// What an output was made with, kept beside it as "OUT.jsonl.run", so that nothing else is appended to it:
//
//   {                            a JSON object, indented by two
//     "pipit": "VERSION",
//     "pipeline": {…},           after all substitutions: inputs, nodes, outputs
//     "files": {"PATH": {"bytes": N, "modified": "2026-11-24T20:53:07.250000000Z"}, …}   that arguments name
//     "inputs": "…",             as the command line named them
//     "column": "…"              the output that becomes an array, if one was chosen
//   }                            the only '}' that begins a line
//   0123456789abcdef             for each item that has a result a digest of it: 16 digits and a line's end, 17 bytes
//   …
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/output/output_file.h"
#include "pipit/pipeline.h"

namespace pipit::cli {

/// The record of one output.
class RunRecord {
 public:
  /// `inputs`: as the command line named them; `column`: the output that becomes an array, if one was chosen. Throws
  /// pipit::Error (`not_found`) when a file of an argument went away.
  RunRecord(const Pipeline& pipeline, const std::string& inputs, const std::string& column);
  static std::string file_of(const std::string& output) { return output + ".run"; }

  /// Writes it beside an output, at once and wholly, with the digests of the items that have results; more can be added
  /// then. Throws pipit::Error (`output_failed`).
  void write(const std::string& output, const std::vector<std::uint64_t>& digests = {});
  /// Removes the record beside an output, if there is one.
  static void remove(const std::string& output);
  /// Gives the digests of the record beside `output`: those of all items with a result and perhaps one more, or none
  /// when a pipit without digests wrote it. Throws pipit::Error (`invalid_input`) that names what has changed since.
  std::vector<std::uint64_t> check(const std::string& output);
  /// After check(): the digests of the items that have results now; more can be added then.
  void go_on(const std::string& output, const std::vector<std::uint64_t>& digests);
  /// The next item's digest. To be called before its result is written, so that each result has one. Throws
  /// pipit::Error (`output_failed`).
  void add(std::uint64_t digest);

 private:
  nlohmann::ordered_json content_;
  std::int64_t digests_at_ = 0;  // offset in the file
  std::unique_ptr<OutputFile> file_;
};

}  // namespace pipit::cli
