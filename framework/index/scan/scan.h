// Exact search: inner products of queries with all rows, and the best of each query.
//
// A score is the inner product formed in float64 (see ScanKernel::exact) and rounded to float32; of equal scores the
// row of the smaller number comes first. The answer depends on nothing else: not on the processor, the threads, or
// which queries came together. Products are formed in float32 first; a bound on what their rounding can have cost says
// which rows may be among the best, and those are scored again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace pipit {

/// Rows that lie together in memory.
struct ScanRows {
  const std::byte* data = nullptr;  // [rows, dimension], float32 or float16
  std::int64_t rows = 0;
  double largest_norm = 0;  // of a row, at least
};

struct ScanRequest {
  std::int64_t dimension = 0;
  bool halves = false;                                    // float16 rows
  std::span<const float> queries;                         // [count, dimension], finite
  std::int64_t k = 10;                                    // answers a query, fewer where there are fewer rows
  float least = -std::numeric_limits<float>::infinity();  // rows with a lower score are not answers
  std::span<const char> without;  // a flag for each row; rows with one are not answers. Empty: no row has one
  int threads = 1;
};

struct Scored {
  std::int64_t row = 0;  // numbered through all parts
  float score = 0;

  friend bool operator==(const Scored&, const Scored&) = default;
};

/// Which of two answers comes first.
inline bool better(const Scored& a, const Scored& b) {
  return a.score > b.score || (a.score == b.score && a.row < b.row);
}

/// The score of one row, before it is rounded to float32.
double exact_score(const float* query, const std::byte* row, std::int64_t dimension, bool halves);

/// The answers of each query, the best first. Memory grows with k times the queries, not with the rows.
std::vector<std::vector<Scored>> scan(std::span<const ScanRows> parts, const ScanRequest& request);

}  // namespace pipit
