// What a run did: a table for people, JSON for programs.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "pipit/pipeline.h"

namespace pipit::cli {

struct RunStats {
  std::int64_t items = 0;
  std::int64_t failed = 0;
  std::map<std::string, std::int64_t> errors;  // by code
  double open_s = 0;                           // reading, checking, loading
  double run_s = 0;
  std::int64_t peak_rss_bytes = 0;  // of the process
  std::vector<NodeStats> nodes;

  double items_per_s() const { return run_s > 0 ? static_cast<double>(items) / run_s : 0; }
};

/// `facts`: also what the operators said of themselves.
std::string stats_table(const RunStats& stats, bool facts);
std::string stats_json(const RunStats& stats);

}  // namespace pipit::cli
