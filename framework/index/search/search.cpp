#include "index/search/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "index/accelerator/accelerated_scan.h"
#include "pipit/error.h"

namespace pipit {
namespace {

/// How many rows are asked for at first where several make one answer.
constexpr std::int64_t kRowsPerAnswer = 8;

/// Rows with less than this share of a moment's best score do not belong to it.
constexpr float kShareOfPeak = 0.9F;

bool overlap(const RowTimes& a, const RowTimes& b) {
  return a.start_ms < b.end_ms && b.start_ms < a.end_ms;
}

bool touch(const RowTimes& a, const RowTimes& b) {
  return a.start_ms <= b.end_ms && b.start_ms <= a.end_ms;
}

}  // namespace

bool has_times(const Index& index) {
  return index.rows() > 0 && RowFields(index.line(0)).times().has_value();
}

Search::Search(const Index& index, SearchSettings settings)
    : index_(index), settings_(std::move(settings)), rows_(index.rows()) {
  if (settings_.k < 1) throw Error("invalid_argument", fmt::format("k must be at least 1, found {}", settings_.k));
  if (settings_.unit == AnswerUnit::kMoment && index.rows() > 0 && !has_times(index)) {
    throw Error("invalid_argument", fmt::format("index '{}' has no moments: its rows lack 'start_ms' and 'end_ms'; "
                                                "search for rows or clips",
                                                index.path().string()));
  }
  for (const IndexSegment& segment : index.segments()) {
    parts_.push_back({segment.vectors().data(), segment.rows(), segment.manifest().largest_norm});
  }
  leave_out_removed();
  leave_out_others();
  if (!settings_.exact && settings_.where.empty()) accelerator_ = index.accelerator();
}

void Search::leave_out(std::int64_t row) {
  if (without_.empty()) without_.resize(static_cast<std::size_t>(index_.rows()));
  if (is_left_out(row)) return;
  without_[static_cast<std::size_t>(row)] = 1;
  --rows_;
}

void Search::leave_out_removed() {
  for (std::size_t i = 0; i < index_.segments().size(); ++i) {
    for (const std::int64_t row : index_.segments()[i].removed()) leave_out(index_.first_row(i) + row);
  }
}

void Search::leave_out_others() {
  if (settings_.where.empty()) return;
  for (std::int64_t row = 0; row < index_.rows(); ++row) {
    if (is_left_out(row)) continue;
    const RowFields fields(index_.line(row));
    const bool has_all = std::ranges::all_of(
        settings_.where, [&](const auto& field) { return fields.text(field.first) == field.second; });
    if (!has_all) leave_out(row);
  }
}

void Search::check(std::span<const float> query) const {
  const auto dimension = static_cast<std::size_t>(index_.settings().dimension);
  if (query.size() != dimension) {
    throw Error("invalid_input", fmt::format("the query has {} numbers, the vectors of index '{}' have {}",
                                             query.size(), index_.path().string(), dimension));
  }
  if (!std::ranges::all_of(query, [](float x) { return std::isfinite(x); })) {
    throw Error("invalid_input", "the query's vector has numbers that are not finite");
  }
  if (std::ranges::all_of(query, [](float x) { return x == 0; })) {
    throw Error("invalid_input", "the query's vector is zero and is near to nothing");
  }
}

std::vector<std::vector<Answer>> Search::answers(std::span<const float> queries) const {
  const std::int64_t dimension = index_.settings().dimension;
  const auto query_of = [&](std::size_t i) {
    return queries.subspan(i * static_cast<std::size_t>(dimension), static_cast<std::size_t>(dimension));
  };
  std::vector<std::vector<Answer>> all(queries.size() / static_cast<std::size_t>(dimension));
  if (queries.size() != all.size() * static_cast<std::size_t>(dimension)) check(queries);
  for (std::size_t i = 0; i < all.size(); ++i) check(query_of(i));
  ScanRequest request{.dimension = dimension,
                      .halves = index_.settings().dtype == DType::kFloat16,
                      .queries = queries,
                      .k = settings_.unit == AnswerUnit::kRow ? settings_.k : settings_.k * kRowsPerAnswer,
                      .least = settings_.least,
                      .without = without_,
                      .threads = settings_.threads};
  // Those whose rows were too few for the answers that are wanted are asked again, for more.
  std::vector<std::size_t> open(all.size());
  for (std::size_t i = 0; i < open.size(); ++i) open[i] = i;
  std::vector<float> again;
  while (!open.empty()) {
    const std::vector<std::vector<Scored>> found = rows_for(request);
    std::vector<std::size_t> left;
    for (std::size_t i = 0; i < open.size(); ++i) {
      std::vector<Answer>& answers = all[open[i]];
      answers = grouped(query_of(open[i]), found[i]);
      const bool more = std::ssize(found[i]) == request.k && request.k < rows_;
      if (std::ssize(answers) < settings_.k && more) left.push_back(open[i]);
    }
    open = std::move(left);
    again.clear();
    for (const std::size_t i : open) again.insert(again.end(), query_of(i).begin(), query_of(i).end());
    request.queries = again;
    request.k = std::min(request.k * kRowsPerAnswer, rows_);
  }
  return all;
}

/// More answers take more effort than those it was measured with; where that comes near to all rows, the exact scan is
/// the faster one. So it is where few rows are asked for by their fields.
std::vector<std::vector<Scored>> Search::rows_for(const ScanRequest& request) const {
  if (accelerator_ == nullptr) return scan(parts_, request);
  const IndexManifest::Accelerator& tuned = accelerator_->manifest();
  const std::int64_t effort = tuned.effort * std::max<std::int64_t>((request.k + tuned.k - 1) / tuned.k, 1);
  if (effort > accelerator_->most_effort()) return scan(parts_, request);
  return accelerated_scan(index_, *accelerator_, request, effort);
}

/// Rows, the best first, as answers.
std::vector<Answer> Search::grouped(std::span<const float> query, std::span<const Scored> rows) const {
  std::vector<Answer> answers;
  std::map<std::int64_t, std::vector<RowTimes>> taken;  // by item
  for (const Scored& row : rows) {
    if (std::ssize(answers) == settings_.k) break;
    const RowFields fields(index_.line(row.row));
    if (settings_.unit == AnswerUnit::kRow) {
      answers.push_back({row.row, row.score, fields.times()});
      continue;
    }
    const auto [item, first] = taken.try_emplace(fields.item());
    std::vector<RowTimes>& theirs = item->second;
    if (settings_.unit == AnswerUnit::kItem) {
      if (first) answers.push_back({row.row, row.score, fields.times()});
      continue;
    }
    const RowTimes times = fields.times().value_or(RowTimes{});
    if (std::ranges::any_of(theirs, [&](const RowTimes& other) { return overlap(times, other); })) continue;
    answers.push_back(moment_around(query, row, fields, theirs));
    theirs.push_back(*answers.back().times);
  }
  return answers;
}

/// An item's rows lie side by side, in the order of their times. Rows of its better moments stay theirs.
Answer Search::moment_around(std::span<const float> query, const Scored& peak, const RowFields& fields,
                             std::span<const RowTimes> better) const {
  RowTimes whole = fields.times().value_or(RowTimes{});
  const float least = peak.score - (1 - kShareOfPeak) * std::abs(peak.score);
  for (const int step : {-1, 1}) {
    for (std::int64_t row = peak.row + step; row >= 0 && row < index_.rows() && !is_left_out(row); row += step) {
      const RowFields neighbour(index_.line(row));
      const std::optional<RowTimes> times = neighbour.times();
      if (neighbour.item() != fields.item() || !times || !touch(*times, whole) || score(query, row) < least) break;
      if (std::ranges::any_of(better, [&](const RowTimes& other) { return overlap(*times, other); })) break;
      whole = {std::min(whole.start_ms, times->start_ms), std::max(whole.end_ms, times->end_ms)};
    }
  }
  return {peak.row, peak.score, whole};
}

float Search::score(std::span<const float> query, std::int64_t row) const {
  return static_cast<float>(exact_score(query.data(), index_.vector(row).data(), index_.settings().dimension,
                                        index_.settings().dtype == DType::kFloat16));
}

}  // namespace pipit
