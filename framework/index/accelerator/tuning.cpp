#include "index/accelerator/tuning.h"

#include <algorithm>
#include <chrono>

#include "index/accelerator/accelerated_scan.h"

namespace pipit {
namespace {

using Clock = std::chrono::steady_clock;
using Answers = std::vector<std::vector<Scored>>;

constexpr std::int64_t kLeastEffort = 16;
constexpr std::int64_t kTimedExactly = 20;  // queries: each reads all rows

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// Removed rows are nobody's answers.
std::vector<char> removed_rows(const Index& index) {
  std::vector<char> flags;
  for (std::size_t i = 0; i < index.segments().size(); ++i) {
    for (const std::int64_t row : index.segments()[i].removed()) {
      flags.resize(static_cast<std::size_t>(index.rows()));
      flags[static_cast<std::size_t>(index.first_row(i) + row)] = 1;
    }
  }
  return flags;
}

/// Calls `search` with one query after the other, as they come from people; gives the time for one.
template <class Search>
double time_of_one(const ScanRequest& all, std::int64_t count, Search&& search) {
  const Clock::time_point start = Clock::now();
  for (std::int64_t i = 0; i < count; ++i) {
    ScanRequest one = all;
    one.queries =
        all.queries.subspan(static_cast<std::size_t>(i * all.dimension), static_cast<std::size_t>(all.dimension));
    search(one, static_cast<std::size_t>(i));
  }
  return milliseconds_since(start) / static_cast<double>(count);
}

double recall_of(const Answers& found, const Answers& right) {
  std::int64_t hits = 0;
  std::int64_t all = 0;
  for (std::size_t i = 0; i < right.size(); ++i) {
    if (right[i].empty()) continue;
    const float last = right[i].back().score;
    hits += std::ranges::count_if(found[i], [&](const Scored& answer) { return answer.score >= last; });
    all += std::ssize(right[i]);
  }
  return all == 0 ? 1 : static_cast<double>(hits) / static_cast<double>(all);
}

}  // namespace

Tuning measure(const Index& index, const Accelerator& accelerator, std::span<const float> queries,
               const TuneSettings& settings) {
  std::vector<ScanRows> parts;
  for (const IndexSegment& segment : index.segments()) {
    parts.push_back({segment.vectors().data(), segment.rows(), segment.manifest().largest_norm});
  }
  const std::vector<char> removed = removed_rows(index);
  ScanRequest request{.dimension = index.settings().dimension,
                      .halves = index.settings().dtype == DType::kFloat16,
                      .queries = queries,
                      .k = settings.k,
                      .without = removed,
                      .threads = settings.graph.threads};
  Tuning tuning;
  tuning.rows = accelerator.rows();
  tuning.queries = std::ssize(queries) / request.dimension;
  const Answers right = scan(parts, request);
  tuning.exact_milliseconds = time_of_one(request, std::min(tuning.queries, kTimedExactly),
                                          [&](const ScanRequest& one, std::size_t) { scan(parts, one); });
  request.threads = 1;
  Answers found(right.size());
  std::int64_t effort = std::max(settings.k, kLeastEffort);
  do {
    const double time = time_of_one(request, tuning.queries, [&](const ScanRequest& one, std::size_t i) {
      found[i] = std::move(accelerated_scan(index, accelerator, one, effort).front());
    });
    tuning.tries.push_back({effort, recall_of(found, right), time});
    effort += effort / 2;
  } while (tuning.best().recall < settings.recall && effort <= accelerator.most_effort());
  return tuning;
}

}  // namespace pipit
