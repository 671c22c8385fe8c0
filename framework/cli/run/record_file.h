// The record of a run in a file beside its output, "OUT.jsonl.run":
//
//   {                            a JSON object, indented by two
//     "pipit": "VERSION",
//     "pipeline": {…},           after all substitutions: inputs, nodes, outputs
//     "files": {"PATH": {"bytes": N, "modified": "2026-11-24T20:53:07.250000000Z"}, …}   that arguments name
//     "inputs": "…",             as the command line named them
//     "column": "…"              the output that becomes an array, if one was chosen
//     "shard": "2/5"             which part of the inputs, if the run is one of several
//   }                            the only '}' that begins a line
//   0123456789abcdef             for each item that has a result a digest of it: 16 digits and a line's end, 17 bytes
//   …
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/output/output_file.h"
#include "cli/run/run_record.h"

namespace pipit::cli {

/// The record, and behind it the digests of the items.
class RecordFile {
 public:
  explicit RecordFile(const std::string& output) : output_(output) {}
  static std::string name_of(const std::string& output) { return output + ".run"; }

  /// Writes it, at once and wholly, with the digests of the items that have results; more can be added then. Throws
  /// pipit::Error (`output_failed`).
  void write(const RunRecord& record, const std::vector<std::uint64_t>& digests = {});
  void write(const RunRecord::Json& record, const std::vector<std::uint64_t>& digests);
  void remove();

  /// What such a file holds, without a torn digest at its end.
  struct Stored {
    RunRecord::Json content;  // discarded: it is damaged
    std::int64_t digests_at = 0;
    std::vector<std::uint64_t> digests;
  };
  /// Nothing where there is no file.
  static std::optional<Stored> read(const std::string& output);
  /// Gives the digests of the file that is there: those of all items with a result and perhaps one more, or none when a
  /// pipit without digests wrote it. Throws pipit::Error (`invalid_input`) that names what has changed since.
  std::vector<std::uint64_t> check(const RunRecord& record);
  /// After check(): the digests of the items that have results now; more can be added then.
  void go_on(const std::vector<std::uint64_t>& digests);
  /// The next item's digest. To be called before its result is written, so that each result has one. Throws
  /// pipit::Error (`output_failed`).
  void add(std::uint64_t digest);

  /// In which spaces the columns of an output lie, and which column became an array, as the file beside it tells; empty
  /// where there is none, or it tells nothing.
  struct Spaces {
    std::map<std::string, std::string> by_column;
    std::string array;
  };
  static Spaces spaces_of(const std::string& output);

 private:
  const std::string output_;
  std::int64_t digests_at_ = 0;  // offset in the file
  std::unique_ptr<OutputFile> file_;
};

}  // namespace pipit::cli
