// The best rows of one query, of those that one thread has seen.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace pipit {

/// Keeps candidates by scores that were formed `scale` times as large and may be wrong by `error` to either side, and
/// never drops one that can be among the k best by its exact score.
class TopK {
 public:
  struct Candidate {
    float about;  // within `error` of `scale` times the exact score
    std::int64_t row;
  };
  /// The exact score of a row, before it is rounded to float32.
  using Exact = std::function<double(std::int64_t row)>;

  /// `least`: rows with a lower exact score are not answers.
  TopK(std::int64_t k, double scale, double error, double least);

  /// What a score must reach to be offered; it only rises.
  float threshold() const { return threshold_; }
  void offer(float about, std::int64_t row, const Exact& exact) {
    candidates_.push_back({about, row});
    if (candidates_.size() >= full_) tidy(exact);
  }
  const std::vector<Candidate>& candidates() const { return candidates_; }
  /// Takes another's candidates.
  void take(TopK& other);
  /// Leaves only what can be among the best.
  void tidy(const Exact& exact);

 private:
  void raise(double threshold);
  bool drop();
  void settle(const Exact& exact);

  std::size_t k_;
  double scale_;
  double error_;
  std::size_t full_;
  float threshold_;
  std::vector<Candidate> candidates_;
};

}  // namespace pipit
