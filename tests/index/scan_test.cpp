// The best rows are those that all products in float64 say, whatever comes together.
#include "index/scan/scan.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "base/half.h"
#include "index/scan/scan_kernel.h"

using pipit::scan;
using pipit::ScanRequest;
using pipit::ScanRows;
using pipit::Scored;

namespace {

struct Rows {
  std::int64_t dimension;
  std::vector<float> numbers;         // as they are stored, widened
  std::vector<std::uint16_t> halves;  // the same, when they are stored so
  std::vector<std::int64_t> parts;    // rows of each

  std::int64_t count() const { return std::ssize(numbers) / dimension; }
};

/// Of several kinds: random ones, equal ones, of few values so that many scores are equal.
Rows random_rows(std::mt19937& random, std::int64_t count, std::int64_t dimension, bool halves) {
  Rows rows{dimension, {}, {}, {}};
  std::normal_distribution<float> normal;
  const auto kind = random() % 4;
  for (std::int64_t i = 0; i < count * dimension; ++i) {
    float number = normal(random);
    if (kind == 1) number = static_cast<float>(static_cast<int>(random() % 3)) - 1;
    if (kind == 2) number = 0.25F;
    if (kind == 3) number *= i / dimension % 2 == 0 ? 1e-3F : 1e3F;
    if (halves) rows.halves.push_back(pipit::float_to_float16(number));
    rows.numbers.push_back(halves ? pipit::float16_to_float(rows.halves.back()) : number);
  }
  for (std::int64_t left = count; left > 0;) {
    const std::int64_t part = std::min<std::int64_t>(left, 1 + static_cast<std::int64_t>(random() % (count + 1)));
    rows.parts.push_back(part);
    left -= part;
  }
  return rows;
}

double norm(const float* numbers, std::int64_t dimension) {
  double squares = 0;
  for (std::int64_t i = 0; i < dimension; ++i) squares += double{numbers[i]} * numbers[i];
  return std::sqrt(squares);
}

std::vector<ScanRows> parts_of(const Rows& rows) {
  std::vector<ScanRows> parts;
  std::int64_t first = 0;
  for (const std::int64_t count : rows.parts) {
    ScanRows part;
    part.data = rows.halves.empty() ? reinterpret_cast<const std::byte*>(rows.numbers.data() + first * rows.dimension)
                                    : reinterpret_cast<const std::byte*>(rows.halves.data() + first * rows.dimension);
    part.rows = count;
    for (std::int64_t row = first; row < first + count; ++row) {
      part.largest_norm = std::max(part.largest_norm, norm(rows.numbers.data() + row * rows.dimension, rows.dimension));
    }
    parts.push_back(part);
    first += count;
  }
  return parts;
}

/// What the header of scan.h says, word by word.
std::vector<Scored> sorted(const Rows& rows, const float* query, const ScanRequest& request) {
  std::vector<Scored> all;
  for (std::int64_t row = 0; row < rows.count(); ++row) {
    double sums[16] = {};
    for (std::int64_t i = 0; i < rows.dimension; ++i) {
      sums[i % 16] += double{rows.numbers[static_cast<std::size_t>(row * rows.dimension + i)]} * query[i];
    }
    for (const int half : {8, 4, 2, 1}) {
      for (int j = 0; j < half; ++j) sums[j] += sums[j + half];
    }
    const auto score = static_cast<float>(sums[0]);
    const bool out = !request.without.empty() && request.without[static_cast<std::size_t>(row)] != 0;
    if (!out && score >= request.least) all.push_back({row, score});
  }
  std::ranges::stable_sort(all, std::greater<>(), &Scored::score);
  all.resize(std::min(all.size(), static_cast<std::size_t>(request.k)));
  return all;
}

void check_case(std::mt19937& random, std::int64_t count, std::int64_t dimension, std::int64_t queries,
                std::int64_t k) {
  const bool halves = random() % 2 == 0;
  const Rows rows = random_rows(random, count, dimension, halves);
  std::normal_distribution<float> normal;
  std::vector<float> asked(static_cast<std::size_t>(queries * dimension));
  for (float& number : asked) number = random() % 8 == 0 ? 0 : normal(random);
  std::vector<char> without;
  if (random() % 2 == 0) {
    for (std::int64_t row = 0; row < count; ++row) without.push_back(random() % 3 == 0);
  }
  ScanRequest request;
  request.dimension = dimension;
  request.halves = halves;
  request.queries = asked;
  request.k = k;
  request.without = without;
  if (random() % 3 == 0) request.least = normal(random);
  request.threads = 1 + static_cast<int>(random() % 3);
  const auto answers = scan(parts_of(rows), request);
  REQUIRE(std::ssize(answers) == queries);
  std::int64_t wrong = 0;
  for (std::int64_t q = 0; q < queries; ++q) {
    wrong += answers[static_cast<std::size_t>(q)] == sorted(rows, asked.data() + q * dimension, request) ? 0 : 1;
  }
  INFO(count, " rows of ", dimension, ", ", queries, " queries, k ", k, ", halves ", halves, ", threads ",
       request.threads, ", kind of rows by ", rows.numbers[0]);
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("scan: the best rows are those of all products in float64 with ties by row") {
  std::mt19937 random(14);
  for (int i = 0; i < 600; ++i) {
    const auto count = static_cast<std::int64_t>(1 + random() % (i % 10 == 0 ? 3000 : 300));
    const auto dimension = static_cast<std::int64_t>(1 + random() % (i % 3 == 0 ? 600 : 70));
    const auto queries = static_cast<std::int64_t>(1 + random() % (i % 5 == 0 ? 150 : 9));
    const auto k = static_cast<std::int64_t>(1 + random() % (i % 7 == 0 ? count + 10 : 12));
    check_case(random, count, dimension, queries, k);
  }
}

TEST_CASE("scan: vectors of a very large dimension need no room for panels of queries") {
  std::mt19937 random(15);
  check_case(random, 20, 20000, 8, 5);
}

TEST_CASE("scan: scores that overflow or vanish in float32 are ranked by what they are") {
  for (const float size : {1e-30F, 1e-20F, 1e15F, 1e30F}) {
    Rows rows{3, {}, {}, {4}};
    for (const float number : {1.0F, 3.0F, 2.0F, -1.0F}) {
      for (int i = 0; i < 3; ++i) rows.numbers.push_back(number * size);
    }
    const std::vector<float> query{size, size, size};
    ScanRequest request;
    request.dimension = 3;
    request.queries = query;
    request.k = 2;
    const auto answers = scan(parts_of(rows), request);
    CHECK(answers[0] == sorted(rows, query.data(), request));
  }
}

TEST_CASE("scan: without rows there are no answers") {
  const std::vector<float> query{1, 0};
  ScanRequest request;
  request.dimension = 2;
  request.queries = query;
  CHECK(scan({}, request) == std::vector<std::vector<Scored>>(1));
}

TEST_CASE("scan: every kernel that this processor has gives the same exact products") {
  std::mt19937 random(16);
  std::vector<const pipit::ScanKernel*> kernels{&pipit::kPlainScan};
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("f16c")) kernels.push_back(&pipit::kAvx2Scan);
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl")) {
    kernels.push_back(&pipit::kAvx512Scan);
  }
#endif
  for (int i = 0; i < 300; ++i) {
    const auto dimension = static_cast<std::int64_t>(1 + random() % 300);
    const Rows rows = random_rows(random, 2, dimension, true);
    const float* query = rows.numbers.data() + dimension;
    const double product = pipit::kPlainScan.exact(query, rows.numbers.data(), dimension);
    for (const pipit::ScanKernel* kernel : kernels) {
      CHECK(kernel->exact(query, rows.numbers.data(), dimension) == product);
      CHECK(kernel->exact_halves(query, rows.halves.data(), dimension) == product);
      std::vector<float> floats(rows.numbers.size());
      kernel->widen(rows.halves.data(), std::ssize(rows.halves), floats.data());
      CHECK(floats == rows.numbers);
      float score = 0;
      kernel->score_halves(query, rows.halves.data(), 1, dimension, &score);
      CHECK(score == doctest::Approx(product).epsilon(1e-3));
    }
  }
}
