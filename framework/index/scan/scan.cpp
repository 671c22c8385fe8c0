#include "index/scan/scan.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "base/on_threads.h"
#include "index/scan/scan_kernel.h"
#include "index/scan/top_k.h"

namespace pipit {

const ScanKernel& scan_kernel() {
#ifdef __x86_64__
  static const bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                                 __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
  static const bool has_avx2 =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  if (has_avx512) return kAvx512Scan;
  if (has_avx2) return kAvx2Scan;
#endif
  return kPlainScan;
}

namespace {

constexpr std::int64_t kBlockFloats = 1 << 16;         // of rows that stay in a core's cache
constexpr std::int64_t kMostPanelDimension = 1 << 13;  // above, a panel of queries has no room there
constexpr std::int64_t kOneByOne = 3;                  // queries for which a panel would be mostly empty
constexpr std::int64_t kMostCandidates = 1 << 24;      // of all queries that are under way
constexpr std::int64_t kWorthAThread = 1 << 20;        // multiplications

struct Query {
  const float* numbers;
  double scale;
  double error;
};

struct Block {
  const std::byte* data;
  std::int64_t rows;
  std::int64_t first;  // numbered through all parts
};

double norm(const float* numbers, std::int64_t count) {
  double squares = 0;
  for (std::int64_t i = 0; i < count; ++i) squares += double{numbers[i]} * numbers[i];
  return std::sqrt(squares);
}

/// What products of a query in float32 can be wrong by, at a scale at which they neither overflow nor vanish. A chain
/// of n additions of products is wrong by at most n·u·Σ|q·r| with u = 2⁻²⁴, which is at most n·u·|q|·|r|; the rounding
/// of the exact score, of subnormal numbers and of the norms comes to it.
Query query_of(const float* numbers, std::int64_t dimension, double largest_norm) {
  constexpr double kSmallest = 0x1p-149;
  const double rows = largest_norm * (1 + 1e-6);
  const double length = norm(numbers, dimension);
  if (length == 0 || rows == 0) return {numbers, 1, kSmallest};
  const double scale = std::exp2(std::floor(std::log2(std::clamp(1 / rows, 0x1p-20, 0x1p100) / length)));
  // Scores that are infinite are equal: every row is one to look at.
  if (length * rows > 1e38) return {numbers, scale, std::numeric_limits<double>::infinity()};
  const auto n = static_cast<double>(dimension);
  const double error =
      (n + 8) * 0x1p-24 * 1.01 * length * scale * rows + n * kSmallest * (1 + rows) + kSmallest * scale;
  return {numbers, scale, error};
}

class Scan {
 public:
  Scan(std::span<const ScanRows> parts, const ScanRequest& request)
      : request_(request), kernel_(scan_kernel()), row_bytes_(request.dimension * (request.halves ? 2 : 4)) {
    const std::int64_t together = std::max<std::int64_t>(kBlockFloats / request.dimension, 1);
    for (const ScanRows& part : parts) {
      for (std::int64_t row = 0; row < part.rows; row += together) {
        blocks_.push_back({part.data + row * row_bytes_, std::min(together, part.rows - row), rows_ + row});
      }
      rows_ += part.rows;
      largest_norm_ = std::max(largest_norm_, part.largest_norm);
    }
    together_ = together;
  }

  std::vector<std::vector<Scored>> run() {
    const std::int64_t count = std::ssize(request_.queries) / request_.dimension;
    std::vector<std::vector<Scored>> answers(static_cast<std::size_t>(count));
    k_ = std::min(request_.k, rows_);
    if (k_ <= 0) return answers;
    const std::int64_t each = 2 * k_ * std::max(request_.threads, 1);
    const std::int64_t group = std::clamp<std::int64_t>(kMostCandidates / each, 1, count);
    for (std::int64_t first = 0; first < count; first += group) {
      run_group(first, std::min(group, count - first), answers.data() + first);
    }
    return answers;
  }

 private:
  using Tops = std::vector<TopK>;  // a query each

  double exact(const Query& query, std::int64_t row) const {
    const auto behind = std::ranges::upper_bound(blocks_, row, {}, &Block::first);
    const Block& block = *std::prev(behind);
    return exact_score(query.numbers, block.data + (row - block.first) * row_bytes_, request_.dimension,
                       request_.halves);
  }
  bool is_out(std::int64_t row) const {
    return !request_.without.empty() && request_.without[static_cast<std::size_t>(row)] != 0;
  }

  void run_group(std::int64_t first, std::int64_t count, std::vector<Scored>* answers) {
    queries_.clear();
    for (std::int64_t q = 0; q < count; ++q) {
      queries_.push_back(
          query_of(request_.queries.data() + (first + q) * request_.dimension, request_.dimension, largest_norm_));
    }
    pack();
    const std::int64_t work = rows_ * request_.dimension * count;
    const std::int64_t threads = std::clamp<std::int64_t>(
        std::min<std::int64_t>(work / kWorthAThread, std::ssize(blocks_)), 1, std::max(request_.threads, 1));
    std::vector<Tops> tops(static_cast<std::size_t>(threads));
    next_block_ = 0;
    on_threads(threads, [&](std::int64_t thread) {
      Tops& own = tops[static_cast<std::size_t>(thread)];
      for (const Query& query : queries_) own.emplace_back(k_, query.scale, query.error, double{request_.least});
      scan_blocks(own);
    });
    next_query_ = 0;
    on_threads(threads, [&](std::int64_t) {
      for (std::int64_t q = next_query_++; q < count; q = next_query_++) answers[q] = best(tops, q);
    });
  }

  bool by_panels() const { return std::ssize(queries_) > kOneByOne && request_.dimension <= kMostPanelDimension; }
  std::int64_t columns_of(std::int64_t first_query) const {
    const std::int64_t left = std::ssize(queries_) - first_query;
    return std::min(kernel_.columns, (left + kernel_.lanes - 1) / kernel_.lanes * kernel_.lanes);
  }

  /// The queries at their scales: one behind the other, or as panels, [dimension][columns] each, with queries of zeros
  /// at the end.
  void pack() {
    const std::int64_t dimension = request_.dimension;
    const std::int64_t count = std::ssize(queries_);
    const auto scaled = [&](std::int64_t q, std::int64_t i) {
      const Query& query = queries_[static_cast<std::size_t>(q)];
      return static_cast<float>(query.numbers[i] * query.scale);
    };
    packed_.assign(static_cast<std::size_t>((count + kernel_.columns) * dimension), 0);
    for (std::int64_t q = 0; q < count; ++q) {
      if (!by_panels()) {
        for (std::int64_t i = 0; i < dimension; ++i)
          packed_[static_cast<std::size_t>(q * dimension + i)] = scaled(q, i);
        continue;
      }
      const std::int64_t first = q / kernel_.columns * kernel_.columns;
      float* const panel = packed_.data() + first * dimension;
      const std::int64_t columns = columns_of(first);
      for (std::int64_t i = 0; i < dimension; ++i) panel[i * columns + q - first] = scaled(q, i);
    }
  }

  void scan_blocks(Tops& tops) {
    Scratch scratch;
    const bool panels = by_panels();
    scratch.scores.resize(static_cast<std::size_t>(together_));
    if (panels) {
      scratch.hits.resize(static_cast<std::size_t>(together_ * kernel_.columns));
      scratch.thresholds.resize(static_cast<std::size_t>(kernel_.columns));
      if (request_.halves) scratch.rows.resize(static_cast<std::size_t>(together_ * request_.dimension));
    }
    for (std::int64_t b = next_block_++; b < std::ssize(blocks_); b = next_block_++) {
      const Block& block = blocks_[static_cast<std::size_t>(b)];
      if (panels) {
        scan_panels(block, tops, scratch);
      } else {
        scan_one_by_one(block, tops, scratch);
      }
    }
  }

  struct Scratch {
    std::vector<float> rows;
    std::vector<float> scores;
    std::vector<float> thresholds;
    std::vector<ScanHit> hits;
  };

  void offer(Tops& tops, std::int64_t q, float score, std::int64_t row) const {
    TopK& top = tops[static_cast<std::size_t>(q)];
    if (!(score >= top.threshold()) || is_out(row)) return;
    top.offer(score, row, [&](std::int64_t r) { return exact(queries_[static_cast<std::size_t>(q)], r); });
  }

  void scan_one_by_one(const Block& block, Tops& tops, Scratch& scratch) const {
    for (std::int64_t q = 0; q < std::ssize(queries_); ++q) {
      const float* query = packed_.data() + q * request_.dimension;
      if (request_.halves) {
        kernel_.score_halves(query, reinterpret_cast<const std::uint16_t*>(block.data), block.rows, request_.dimension,
                             scratch.scores.data());
      } else {
        kernel_.score(query, reinterpret_cast<const float*>(block.data), block.rows, request_.dimension,
                      scratch.scores.data());
      }
      for (std::int64_t row = 0; row < block.rows; ++row) {
        offer(tops, q, scratch.scores[static_cast<std::size_t>(row)], block.first + row);
      }
    }
  }

  void scan_panels(const Block& block, Tops& tops, Scratch& scratch) const {
    const float* rows = reinterpret_cast<const float*>(block.data);
    if (request_.halves) {
      kernel_.widen(reinterpret_cast<const std::uint16_t*>(block.data), block.rows * request_.dimension,
                    scratch.rows.data());
      rows = scratch.rows.data();
    }
    const std::int64_t count = std::ssize(queries_);
    for (std::int64_t first = 0; first < count; first += kernel_.columns) {
      const std::int64_t columns = columns_of(first);
      for (std::int64_t c = 0; c < columns; ++c) {
        // A column without a query gives nothing.
        scratch.thresholds[static_cast<std::size_t>(c)] = first + c < count
                                                              ? tops[static_cast<std::size_t>(first + c)].threshold()
                                                              : std::numeric_limits<float>::infinity();
      }
      const std::int64_t found =
          kernel_.score_panel(packed_.data() + first * request_.dimension, columns, rows, block.rows,
                              request_.dimension, scratch.thresholds.data(), scratch.hits.data());
      for (std::int64_t i = 0; i < found; ++i) {
        const ScanHit& hit = scratch.hits[static_cast<std::size_t>(i)];
        if (first + hit.query < count) offer(tops, first + hit.query, hit.score, block.first + hit.row);
      }
    }
  }

  std::vector<Scored> best(std::vector<Tops>& tops, std::int64_t q) const {
    const auto i = static_cast<std::size_t>(q);
    const Query& query = queries_[i];
    const auto exactly = [&](std::int64_t row) { return exact(query, row); };
    TopK all(k_, query.scale, query.error, double{request_.least});
    for (Tops& own : tops) {
      if (i < own.size()) all.take(own[i]);
    }
    all.tidy(exactly);
    std::vector<Scored> scored;
    for (const TopK::Candidate& candidate : all.candidates()) {
      const auto score = static_cast<float>(exactly(candidate.row));
      if (score >= request_.least) scored.push_back({candidate.row, score});
    }
    const auto kept = std::min(std::ssize(scored), static_cast<std::ptrdiff_t>(k_));
    std::partial_sort(scored.begin(), scored.begin() + kept, scored.end(), better);
    scored.resize(static_cast<std::size_t>(kept));
    return scored;
  }

  const ScanRequest& request_;
  const ScanKernel& kernel_;
  const std::int64_t row_bytes_;
  std::vector<Block> blocks_;
  std::int64_t rows_ = 0;
  std::int64_t together_ = 0;  // most rows of a block
  double largest_norm_ = 0;
  std::int64_t k_ = 0;
  std::vector<Query> queries_;
  std::vector<float> packed_;
  std::atomic<std::int64_t> next_block_ = 0;
  std::atomic<std::int64_t> next_query_ = 0;
};

}  // namespace

double exact_score(const float* query, const std::byte* row, std::int64_t dimension, bool halves) {
  const ScanKernel& kernel = scan_kernel();
  return halves ? kernel.exact_halves(query, reinterpret_cast<const std::uint16_t*>(row), dimension)
                : kernel.exact(query, reinterpret_cast<const float*>(row), dimension);
}

std::vector<std::vector<Scored>> scan(std::span<const ScanRows> parts, const ScanRequest& request) {
  return Scan(parts, request).run();
}

}  // namespace pipit
