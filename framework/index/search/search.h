// From the vectors of queries to answers.
//
//   const Index index = Index::open("clips.index");
//   const Search search(index, {.k = 5, .unit = AnswerUnit::kMoment});
//   for (const Answer& answer : search.answers(vector).front()) use(index.line(answer.row), answer.times);
//
// Exact, unless the index has an accelerator: then scores are exact, and answers may be missing. See index/scan/scan.h
// for what a score is, and which of equal ones comes first.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "index/index.h"
#include "index/scan/scan.h"
#include "index/search/row_fields.h"

namespace pipit {

/// What one answer is.
enum class AnswerUnit {
  kRow,
  /// Neighbouring rows of one item whose times overlap or touch: from the best row on, as long as they score at least
  /// nine tenths of it. A row whose time overlaps that of a better answer of its item is not an answer of its own.
  kMoment,
  kItem  // the best row of each
};

struct SearchSettings {
  std::int64_t k = 10;                                    // answers to a query at most, at least 1
  float least = -std::numeric_limits<float>::infinity();  // answers with a lower score are left out
  AnswerUnit unit = AnswerUnit::kRow;
  /// Only rows with all of these are searched: {"path", "a.mp4"}. See RowFields::text().
  std::vector<std::pair<std::string, std::string>> where{};
  bool exact = false;  // an accelerator that the index has is not used; with `where` it never is
  int threads = 1;
};

struct Answer {
  std::int64_t row = 0;             // the best one of the answer
  float score = 0;                  // of that row
  std::optional<RowTimes> times{};  // of all its rows together; nothing when rows have no times

  friend bool operator==(const Answer&, const Answer&) = default;
};

/// Whether the index's first row says which time it stands for.
bool has_times(const Index& index);

class Search {
 public:
  /// Keeps the index, which must live as long. With `where` every row's line is read, here. Throws pipit::Error
  /// (`invalid_index` for a damaged line or accelerator; `invalid_argument` for k < 1, or for moments where rows have
  /// no times).
  Search(const Index& index, SearchSettings settings);

  /// How many rows are searched: without those that were removed, or that `where` leaves out.
  std::int64_t rows() const { return rows_; }
  /// What chooses the rows that are looked at; null: all are.
  const Accelerator* accelerator() const { return accelerator_; }
  /// The answers to each query, the best first. `queries`: vectors of the index's dimension, one behind the other.
  /// Throws pipit::Error (`invalid_input`) for another dimension, and for a vector that is not finite or zero. May be
  /// called from several threads.
  std::vector<std::vector<Answer>> answers(std::span<const float> queries) const;
  /// Throws as answers() does when one vector cannot be searched for.
  void check(std::span<const float> query) const;

 private:
  void leave_out_removed();
  void leave_out_others();
  void leave_out(std::int64_t row);
  bool is_left_out(std::int64_t row) const { return !without_.empty() && without_[static_cast<std::size_t>(row)] != 0; }
  float score(std::span<const float> query, std::int64_t row) const;
  std::vector<std::vector<Scored>> rows_for(const ScanRequest& request) const;
  std::vector<Answer> grouped(std::span<const float> query, std::span<const Scored> rows) const;
  Answer moment_around(std::span<const float> query, const Scored& peak, const RowFields& fields,
                       std::span<const RowTimes> better) const;

  const Index& index_;
  const SearchSettings settings_;
  std::vector<ScanRows> parts_;
  std::vector<char> without_;  // empty: all rows are searched
  std::int64_t rows_ = 0;
  const Accelerator* accelerator_ = nullptr;
};

}  // namespace pipit
