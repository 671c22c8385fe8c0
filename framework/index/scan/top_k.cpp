#include "index/scan/top_k.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace pipit {
namespace {

constexpr std::size_t kRoom = 256;  // for candidates beside the k best

float rounded_down(double number) {
  const auto near = static_cast<float>(number);
  return near > number ? std::nextafter(near, -std::numeric_limits<float>::infinity()) : near;
}

}  // namespace

TopK::TopK(std::int64_t k, double scale, double error, double least)
    : k_(static_cast<std::size_t>(k)),
      scale_(scale),
      error_(error),
      full_(2 * static_cast<std::size_t>(k) + kRoom),
      threshold_(rounded_down(least * scale - error)) {}

void TopK::raise(double threshold) {
  threshold_ = std::max(threshold_, rounded_down(threshold));
}

void TopK::take(TopK& other) {
  candidates_.insert(candidates_.end(), other.candidates_.begin(), other.candidates_.end());
  other.candidates_ = {};
}

/// Drops what is further below the k-th best than both errors reach. False: too many are left.
bool TopK::drop() {
  if (candidates_.size() > k_) {
    const auto last = candidates_.begin() + static_cast<std::ptrdiff_t>(k_) - 1;
    std::ranges::nth_element(candidates_, last, std::greater<>(), &Candidate::about);
    raise(double{last->about} - 2 * error_);
    std::erase_if(candidates_, [&](const Candidate& candidate) { return candidate.about < threshold_; });
  }
  return candidates_.size() <= k_ + kRoom / 2;
}

/// Scores near the k-th are too many to be kept: exact ones leave k. A row that comes later must be better, since rows
/// come in their order.
void TopK::settle(const Exact& exact) {
  struct Settled {
    double score;
    std::int64_t row;
  };
  std::vector<Settled> settled;
  settled.reserve(candidates_.size());
  for (const Candidate& candidate : candidates_) settled.push_back({exact(candidate.row), candidate.row});
  const auto better = [](const Settled& a, const Settled& b) {
    const auto first = static_cast<float>(a.score);
    const auto second = static_cast<float>(b.score);
    return first > second || (first == second && a.row < b.row);
  };
  const auto last = settled.begin() + static_cast<std::ptrdiff_t>(k_) - 1;
  std::ranges::nth_element(settled, last, better);
  raise(last->score * scale_ - error_);
  settled.resize(k_);
  candidates_.clear();
  for (const Settled& one : settled) {
    candidates_.push_back({static_cast<float>(one.score * scale_), one.row});
  }
}

void TopK::tidy(const Exact& exact) {
  if (!drop()) settle(exact);
}

}  // namespace pipit
