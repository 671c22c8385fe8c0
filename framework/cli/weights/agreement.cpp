#include "cli/weights/agreement.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <utility>

namespace pipit::cli {
namespace {

using Matrix = std::vector<std::vector<double>>;

constexpr int kPermutations = 100'000;

// Some pictures are near to every sentence, and some sentences to every picture; that tells nothing of pairs.
Matrix centred(Matrix matrix) {
  const auto n = static_cast<double>(matrix.size());
  std::vector<double> columns(matrix.size());
  for (auto& row : matrix) {
    const double mean = std::accumulate(row.begin(), row.end(), 0.0) / n;
    for (std::size_t i = 0; i < row.size(); ++i) columns[i] += (row[i] -= mean) / n;
  }
  for (auto& row : matrix) {
    for (std::size_t i = 0; i < row.size(); ++i) row[i] -= columns[i];
  }
  return matrix;
}

double diagonal(const Matrix& matrix, const std::vector<std::size_t>& order) {
  double sum = 0;
  for (std::size_t i = 0; i < matrix.size(); ++i) sum += matrix[i][order[i]];
  return sum;
}

double chance_of(const Matrix& matrix) {
  std::vector<std::size_t> order(matrix.size());
  std::iota(order.begin(), order.end(), 0);
  // A hair less, so that sums that are equal but for their rounding count as equal.
  const double as_they_are = diagonal(matrix, order) - 1e-12;
  // The same permutations every time: a file that passes, passes again.
  std::mt19937_64 random(4);
  int as_good = 1;  // the pairs as they are, themselves
  for (int i = 0; i < kPermutations; ++i) {
    for (std::size_t last = order.size() - 1; last > 0; --last) std::swap(order[last], order[random() % (last + 1)]);
    as_good += diagonal(matrix, order) >= as_they_are;
  }
  return static_cast<double>(as_good) / (kPermutations + 1);
}

}  // namespace

Agreement measure_agreement(const Matrix& similarity) {
  Agreement agreement;
  for (std::size_t i = 0; i < similarity.size(); ++i) {
    bool best_of_row = true;
    bool best_of_column = true;
    for (std::size_t j = 0; j < similarity.size(); ++j) {
      best_of_row = best_of_row && (j == i || similarity[i][j] < similarity[i][i]);
      best_of_column = best_of_column && (j == i || similarity[j][i] < similarity[i][i]);
    }
    agreement.row_matches += best_of_row;
    agreement.column_matches += best_of_column;
  }
  agreement.chance = chance_of(centred(similarity));
  return agreement;
}

}  // namespace pipit::cli
