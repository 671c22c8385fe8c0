// What scan.cpp asks of the kernels that are compiled for different processors.
#pragma once

#include <cstdint>

namespace pipit {

/// A score that reached its query's threshold.
struct ScanHit {
  std::int32_t row;    // of the block
  std::int32_t query;  // of the panel
  float score;
};

struct ScanKernel {
  std::int64_t lanes;    // a panel's columns are a multiple of these,
  std::int64_t columns;  // and at most so many

  /// Inner products of one query with each row.
  void (*score)(const float* query, const float* rows, std::int64_t count, std::int64_t dimension, float* scores);
  void (*score_halves)(const float* query, const std::uint16_t* rows, std::int64_t count, std::int64_t dimension,
                       float* scores);
  /// Inner products of a panel of queries, [dimension][columns], with each row; those that reach the query's threshold
  /// are written to `hits`, which has room for all, by rows. Gives their count.
  std::int64_t (*score_panel)(const float* panel, std::int64_t columns, const float* rows, std::int64_t count,
                              std::int64_t dimension, const float* thresholds, ScanHit* hits);
  void (*widen)(const std::uint16_t* halves, std::int64_t count, float* floats);

  /// One inner product in float64, its sums formed in one order whatever the processor: number i is added to sum
  /// i mod 16, and the sums s of 16 are joined as s[j] + s[j + 8], then by 4, 2 and 1. Products of floats are exact.
  double (*exact)(const float* query, const float* row, std::int64_t dimension);
  double (*exact_halves)(const float* query, const std::uint16_t* row, std::int64_t dimension);

  /// Inner products of whole numbers, exact as long as they fit: of a query with a row's codes, and of two rows' codes.
  std::int32_t (*code_product)(const std::int16_t* query, const std::int8_t* codes, std::int64_t dimension);
  std::int32_t (*code_product_of_rows)(const std::int8_t* a, const std::int8_t* b, std::int64_t dimension);
};

extern const ScanKernel kPlainScan;
#ifdef __x86_64__
extern const ScanKernel kAvx2Scan;
extern const ScanKernel kAvx512Scan;
#endif

/// The best of them that this processor has.
const ScanKernel& scan_kernel();

}  // namespace pipit
