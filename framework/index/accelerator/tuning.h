// How well an accelerator finds what is there, and how fast, by queries as people ask them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "index/accelerator/accelerator.h"
#include "index/index.h"

namespace pipit {

struct TuneSettings {
  std::int64_t k = 10;    // answers to a query
  double recall = 0.98;   // the share of the right answers that is asked for
  GraphSettings graph{};  // its threads are those of the measurements, too
};

struct Tuning {
  struct Try {
    std::int64_t effort = 0;
    double recall = 0;
    double milliseconds = 0;  // for a query, on one thread
  };
  std::int64_t rows = 0;
  std::int64_t queries = 0;
  double exact_milliseconds = 0;  // for a query without the accelerator, on all threads
  std::vector<Try> tries;         // with growing effort; the last one is the best
  double build_seconds = 0;
  std::int64_t bytes = 0;  // of the files

  const Try& best() const { return tries.back(); }
};

/// Raises the effort until the share of right answers is what the settings ask for, or there is no more to raise. An
/// answer is right when it scores as well as the last of the exact answers. `queries`: one behind the other, at least
/// one. Throws pipit::Error (`invalid_index`).
Tuning measure(const Index& index, const Accelerator& accelerator, std::span<const float> queries,
               const TuneSettings& settings);

}  // namespace pipit
