#include "index/accelerator/accelerator.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <queue>

#include "index/accelerator/row_codes.h"
#include "index/scan/scan_kernel.h"

namespace pipit {
namespace {

/// Where a search sets out from: so many of the starts, the nearest.
constexpr std::size_t kFirst = 4;

struct Near {
  float score;
  std::int32_t row;

  friend bool operator<(const Near& a, const Near& b) { return a.score < b.score; }
  friend bool operator>(const Near& a, const Near& b) { return b < a; }
};

/// Rows that were met.
class Seen {
 public:
  explicit Seen(std::int64_t rows) : bits_(static_cast<std::size_t>(rows + 63) / 64) {}
  /// Whether it is met for the first time.
  bool add(std::int32_t row) {
    std::uint64_t& bits = bits_[static_cast<std::size_t>(row) / 64];
    const std::uint64_t bit = std::uint64_t{1} << (static_cast<unsigned>(row) % 64);
    const bool first = (bits & bit) == 0;
    bits |= bit;
    return first;
  }

 private:
  std::vector<std::uint64_t> bits_;
};

/// One query's walk.
class Walk {
 public:
  Walk(const CodedRows& rows, std::span<const float> query, std::int64_t effort, std::span<const char> without)
      : rows_(rows),
        query_(encode_query(query)),
        effort_(static_cast<std::size_t>(effort)),
        without_(without),
        seen_(rows.rows()) {}

  void set_out(std::span<const std::int32_t> starts) {
    std::vector<Near> near;
    for (const std::int32_t row : starts) near.push_back({score(row), row});
    const auto first = std::min(kFirst, near.size());
    std::partial_sort(near.begin(), near.begin() + static_cast<std::ptrdiff_t>(first), near.end(), std::greater<>());
    for (std::size_t i = 0; i < first; ++i) meet(near[i]);
  }

  /// The row whose neighbours come next; false: what is left cannot be near.
  bool next(std::int32_t& row) {
    if (open_.empty() || (best_.size() == effort_ && open_.top() < best_.top())) return false;
    row = open_.top().row;
    open_.pop();
    return true;
  }

  void visit(std::span<const std::int32_t> links) {
    fresh_.clear();
    for (const std::int32_t row : links) {
      if (row == NeighbourGraph::kNone || !seen_.add(row)) continue;
      const std::int8_t* code = codes(row);
      for (std::int64_t i = 0; i < rows_.dimension; i += kCacheLine) __builtin_prefetch(code + i);
      fresh_.push_back(row);
    }
    for (const std::int32_t row : fresh_) meet({score(row), row});
  }

  std::vector<std::int64_t> best(std::int64_t count) {
    while (std::ssize(best_) > count) best_.pop();
    std::vector<std::int64_t> rows;
    for (; !best_.empty(); best_.pop()) rows.push_back(best_.top().row);
    return rows;
  }

 private:
  static constexpr std::int64_t kCacheLine = 64;

  const std::int8_t* codes(std::int32_t row) const { return rows_.codes.data() + row * rows_.dimension; }
  /// The query's scale is left out: it is the same for all.
  float score(std::int32_t row) const {
    const std::int32_t product = kernel_.code_product(query_.numbers.data(), codes(row), rows_.dimension);
    return static_cast<float>(product) * rows_.scales[static_cast<std::size_t>(row)];
  }
  void meet(const Near& near) {
    seen_.add(near.row);
    if (best_.size() == effort_ && !(best_.top() < near)) return;
    open_.push(near);
    if (!without_.empty() && without_[static_cast<std::size_t>(near.row)] != 0) return;
    best_.push(near);
    if (best_.size() > effort_) best_.pop();
  }

  const ScanKernel& kernel_ = scan_kernel();
  const CodedRows& rows_;
  const QueryCode query_;
  const std::size_t effort_;
  const std::span<const char> without_;
  Seen seen_;
  std::vector<std::int32_t> fresh_;
  std::priority_queue<Near> open_;                                         // the nearest first
  std::priority_queue<Near, std::vector<Near>, std::greater<Near>> best_;  // the farthest first
};

IndexArray array_of(const IndexFolder& folder, const IndexManifest::Accelerator& accelerator, const char* name,
                    const IndexArrayShape& shape) {
  return {folder, name, accelerator.files.at(name).bytes, shape};
}

}  // namespace

Accelerator::Accelerator(const IndexFolder& index, const IndexManifest& manifest)
    : folder_(index.inner(kFolder).inner(manifest.accelerator->name)), manifest_(*manifest.accelerator) {
  const std::int64_t dimension = manifest.settings.dimension;
  if (dimension > kMostCodedNumbers) folder_.damaged("its vectors are too long for an accelerator");
  codes_ = array_of(folder_, manifest_, "codes.npy", {DType::kInt8, manifest_.rows, {dimension}});
  scales_ = array_of(folder_, manifest_, "scales.npy", {DType::kFloat32, manifest_.rows});
  links_ = array_of(folder_, manifest_, "links.npy", {DType::kInt32, manifest_.rows, {manifest_.width}});
  starts_ = array_of(folder_, manifest_, "starts.npy", {DType::kInt32, manifest_.starts});
}

/// What a file says is looked at before it is used.
void Accelerator::require_rows(std::span<const std::int32_t> rows, std::int32_t least, const char* file) const {
  for (const std::int32_t row : rows) {
    if (row >= least && row < manifest_.rows) continue;
    folder_.damaged(fmt::format("'{}' names row {} of {}; make the accelerator anew with pipit index tune",
                                folder_.shown(file), row, manifest_.rows));
  }
}

std::vector<std::int64_t> Accelerator::near(std::span<const float> query, std::int64_t count, std::int64_t effort,
                                            std::span<const char> without) const {
  const CodedRows rows{std::ssize(query), codes_.numbers<std::int8_t>(), scales_.numbers<float>()};
  const auto links = links_.numbers<std::int32_t>();
  const auto starts = starts_.numbers<std::int32_t>();
  require_rows(starts, 0, "starts.npy");
  Walk walk(rows, query, std::max(count, effort), without);
  walk.set_out(starts);
  for (std::int32_t row = 0; walk.next(row);) {
    const auto linked =
        links.subspan(static_cast<std::size_t>(row * manifest_.width), static_cast<std::size_t>(manifest_.width));
    require_rows(linked, NeighbourGraph::kNone, "links.npy");
    walk.visit(linked);
  }
  return walk.best(count);
}

}  // namespace pipit
