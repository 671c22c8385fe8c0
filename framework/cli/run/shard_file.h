// What a finished shard says of itself, in a file beside its output, "OUT.jsonl.shard":
//
//   {"shard":"2/5","items":1000}    which part of a list of so many items
#pragma once

#include <cstdint>
#include <string>

#include "cli/input/shard.h"

namespace pipit::cli {

class ShardFile {
 public:
  static std::string name_of(const std::string& output) { return output + ".shard"; }

  /// Before results are written: the shard is not whole.
  static void remove(const std::string& output);
  /// The shard is whole. Throws pipit::Error (`output_failed`).
  static void write(const std::string& output, const Shard& shard, std::int64_t items);

  Shard shard;
  std::int64_t items = 0;  // of the whole list
  /// Throws pipit::Error (`invalid_input`) where there is none, or a damaged one.
  static ShardFile read(const std::string& output);
};

}  // namespace pipit::cli
