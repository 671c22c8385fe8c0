// Whether two sets of vectors belong together pair by pair, or only by chance.
#pragma once

#include <cstddef>
#include <vector>

namespace pipit::cli {

struct Agreement {
  std::size_t row_matches = 0;     // rows whose greatest number is their own column's
  std::size_t column_matches = 0;  // columns whose greatest number is their own row's
  /// How likely pairs put together at random agree as well: the share of permutations whose mean similarity on the
  /// diagonal, rows' and columns' means taken off, is at least that of the pairs as they are (a permutation test; the
  /// null hypothesis is that it does not matter which row goes with which column).
  double chance = 1;
};

/// `similarity` is square; row i belongs to column i.
Agreement measure_agreement(const std::vector<std::vector<double>>& similarity);

}  // namespace pipit::cli
