#include "index/accelerator/accelerated_scan.h"

#include <algorithm>
#include <atomic>

#include "base/on_threads.h"

namespace pipit {
namespace {

/// Rows that are scored for each answer: codes may have them in another order.
constexpr std::int64_t kScoredPerAnswer = 4;

using Answers = std::vector<std::vector<Scored>>;

/// Rows behind those that the accelerator covers.
Answers scan_rest(const Index& index, std::int64_t covered, ScanRequest request) {
  const std::int64_t row_bytes = request.dimension * (request.halves ? 2 : 4);
  std::vector<ScanRows> parts;
  for (std::size_t i = 0; i < index.segments().size(); ++i) {
    const IndexSegment& segment = index.segments()[i];
    const std::int64_t left_out = std::clamp<std::int64_t>(covered - index.first_row(i), 0, segment.rows());
    parts.push_back(
        {segment.vectors().data() + left_out * row_bytes, segment.rows() - left_out, segment.manifest().largest_norm});
  }
  if (!request.without.empty()) request.without = request.without.subspan(static_cast<std::size_t>(covered));
  Answers answers = scan(parts, request);
  for (auto& rows : answers) {
    for (Scored& scored : rows) scored.row += covered;
  }
  return answers;
}

}  // namespace

std::vector<std::vector<Scored>> accelerated_scan(const Index& index, const Accelerator& accelerator,
                                                  const ScanRequest& request, std::int64_t effort) {
  const std::int64_t covered = accelerator.rows();
  Answers answers = scan_rest(index, covered, request);
  const auto flags =
      request.without.empty() ? request.without : request.without.first(static_cast<std::size_t>(covered));
  const std::int64_t candidates = std::min(effort, request.k * kScoredPerAnswer);
  const auto add_near = [&](std::span<const float> query, std::vector<Scored>& into) {
    for (const std::int64_t row : accelerator.near(query, std::max(candidates, request.k), effort, flags)) {
      const auto score =
          static_cast<float>(exact_score(query.data(), index.vector(row).data(), request.dimension, request.halves));
      if (score >= request.least) into.push_back({row, score});
    }
    std::ranges::sort(into, better);
    if (std::ssize(into) > request.k) into.resize(static_cast<std::size_t>(request.k));
  };
  std::atomic<std::size_t> next = 0;
  on_threads(std::min<std::int64_t>(request.threads, std::ssize(answers)), [&](std::int64_t) {
    const auto dimension = static_cast<std::size_t>(request.dimension);
    for (std::size_t i = next++; i < answers.size(); i = next++) {
      add_near(request.queries.subspan(i * dimension, dimension), answers[i]);
    }
  });
  return answers;
}

}  // namespace pipit
