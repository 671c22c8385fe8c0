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
};

/// Peak resident memory of this process.
std::int64_t peak_rss_bytes();

std::string stats_table(const RunStats& stats);
std::string stats_json(const RunStats& stats);

}  // namespace pipit::cli
