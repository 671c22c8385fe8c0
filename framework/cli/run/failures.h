// The items of a run that failed, in one sentence for people.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "pipit/pipeline.h"

namespace pipit::cli {

class Failures {
 public:
  void add(std::int64_t item, const ItemError& error);

  std::int64_t count() const { return count_; }
  const std::map<std::string, std::int64_t>& by_code() const { return by_code_; }

  /// "2 of 5 items failed; the first: item 1: node 'decode': … (not_found); 'out.jsonl' has a line for each", with a
  /// line's end. `lines`: the file that has them; "-" is standard output.
  std::string text(std::int64_t items, const std::string& lines) const;

 private:
  std::int64_t count_ = 0;
  std::map<std::string, std::int64_t> by_code_;
  std::string first_;
};

/// What to say of items that an earlier run left failed.
std::string earlier_failures_text(std::int64_t failed, const std::string& lines);

}  // namespace pipit::cli
