// The arithmetic of a ScanKernel, for vectors of kLanes floats. Included by one source for each set of instructions,
// which defines PIPIT_LANES, PIPIT_VECTORS, PIPIT_TILE_ROWS and PIPIT_KERNEL. No inline function of another header may
// be used here, but those that compilers always expand: the linker would take one source's copy for the whole program.

#ifdef __F16C__
#include <immintrin.h>
#endif

#include "index/scan/scan_kernel.h"

namespace pipit {
namespace {

constexpr std::int64_t kLanes = PIPIT_LANES;
constexpr std::int64_t kVectors = PIPIT_VECTORS;
constexpr std::int64_t kTileRows = PIPIT_TILE_ROWS;
constexpr std::int64_t kSums = 16;  // of an exact product

#define PIPIT_INLINE inline __attribute__((always_inline))

using Vector = float __attribute__((vector_size(kLanes * 4)));
using Integers = std::int32_t __attribute__((vector_size(kLanes * 4)));
using Unaligned = float __attribute__((vector_size(kLanes * 4), aligned(4), may_alias));
using Halves = std::uint16_t __attribute__((vector_size(kLanes * 2)));
using UnalignedHalves = std::uint16_t __attribute__((vector_size(kLanes * 2), aligned(2), may_alias));
// Half as many lanes, so that a vector of doubles is as wide as one of floats.
constexpr std::int64_t kDoubles = kLanes / 2;
using Narrow = float __attribute__((vector_size(kDoubles * 4)));
using UnalignedNarrow = float __attribute__((vector_size(kDoubles * 4), aligned(4), may_alias));
using Doubles = double __attribute__((vector_size(kDoubles * 8)));

PIPIT_INLINE Vector load(const float* from) {
  return *reinterpret_cast<const Unaligned*>(from);
}
PIPIT_INLINE void store(float* to, Vector values) {
  *reinterpret_cast<Unaligned*>(to) = values;
}

/// As base/half.h, by bits.
PIPIT_INLINE float widened(std::uint16_t half) {
  const std::uint32_t rest = half & 0x7fffu;
  const std::uint32_t shifted = rest << 13;
  float finite;
  __builtin_memcpy(&finite, &shifted, 4);
  finite *= 0x1p112f;
  std::uint32_t bits;
  __builtin_memcpy(&bits, &finite, 4);
  bits = (rest >= 0x7c00u ? shifted | 0x7f800000u : bits) | (std::uint32_t{half} & 0x8000u) << 16;
  float number;
  __builtin_memcpy(&number, &bits, 4);
  return number;
}

PIPIT_INLINE Vector load(const std::uint16_t* from) {
#if defined(__AVX512F__)
  return reinterpret_cast<Vector>(
      _mm512_maskz_cvtph_ps(0xffff, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))));
#elif defined(__F16C__)
  return reinterpret_cast<Vector>(_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
#else
  Vector numbers;
  for (std::int64_t i = 0; i < kLanes; ++i) numbers[i] = widened(from[i]);
  return numbers;
#endif
}

PIPIT_INLINE float number(const float* from) {
  return *from;
}
PIPIT_INLINE float number(const std::uint16_t* from) {
  return widened(*from);
}

PIPIT_INLINE bool any_reaches(Vector scores, Vector thresholds) {
#if defined(__AVX512F__)
  return _mm512_cmp_ps_mask(reinterpret_cast<__m512>(scores), reinterpret_cast<__m512>(thresholds), _CMP_GE_OQ) != 0;
#elif defined(__AVX2__)
  return _mm256_movemask_ps(
             _mm256_cmp_ps(reinterpret_cast<__m256>(scores), reinterpret_cast<__m256>(thresholds), _CMP_GE_OQ)) != 0;
#else
  const Integers reached = scores >= thresholds;
  std::int32_t any = 0;
  for (std::int64_t i = 0; i < kLanes; ++i) any |= reached[i];
  return any != 0;
#endif
}

using Four = float __attribute__((vector_size(16)));
using Eight = float __attribute__((vector_size(32)));
using Sixteen = float __attribute__((vector_size(64)));

/// The sum of a vector's lanes, by halves.
PIPIT_INLINE float folded(Four lanes) {
  return (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]);
}
PIPIT_INLINE float folded(Eight lanes) {
  Four halves[2];
  __builtin_memcpy(halves, &lanes, sizeof lanes);
  return folded(halves[0] + halves[1]);
}
PIPIT_INLINE float folded(Sixteen lanes) {
  Eight halves[2];
  __builtin_memcpy(halves, &lanes, sizeof lanes);
  return folded(halves[0] + halves[1]);
}

/// Rows side by side, each with sums of its own; the query is read once for all of them.
template <std::int64_t kRows, class Element>
PIPIT_INLINE void score_some(const float* query, const Element* rows, std::int64_t dimension, float* scores) {
  Vector sum[kRows][2] = {};
  std::int64_t i = 0;
  for (; i + 2 * kLanes <= dimension; i += 2 * kLanes) {
    const Vector first = load(query + i);
    const Vector second = load(query + i + kLanes);
#pragma GCC unroll 8
    for (std::int64_t r = 0; r < kRows; ++r) {
      // The next rows lie in other pages, where the processor does not look by itself.
      __builtin_prefetch(rows + (kRows + r) * dimension + i);
      if constexpr (sizeof(Element) == 4) __builtin_prefetch(rows + (kRows + r) * dimension + i + kLanes);
      sum[r][0] += load(rows + r * dimension + i) * first;
      sum[r][1] += load(rows + r * dimension + i + kLanes) * second;
    }
  }
  for (std::int64_t r = 0; r < kRows; ++r) {
    float score = folded(sum[r][0] + sum[r][1]);
    for (std::int64_t rest = i; rest < dimension; ++rest) score += number(rows + r * dimension + rest) * query[rest];
    scores[r] = score;
  }
}

template <class Element>
void score_rows(const float* query, const Element* rows, std::int64_t count, std::int64_t dimension, float* scores) {
  constexpr std::int64_t kTogether = 4;
  std::int64_t row = 0;
  for (; row + kTogether <= count; row += kTogether) {
    score_some<kTogether>(query, rows + row * dimension, dimension, scores + row);
  }
  for (; row < count; ++row) score_some<1>(query, rows + row * dimension, dimension, scores + row);
}

/// kRows rows with kWidth vectors of queries: all sums stay in registers.
template <std::int64_t kRows, std::int64_t kWidth>
__attribute__((noinline)) std::int64_t score_tile(const float* panel, const float* rows, std::int64_t dimension,
                                                  const float* thresholds, std::int32_t first_row, ScanHit* hits) {
  constexpr std::int64_t kColumns = kWidth * kLanes;
  Vector sum[kRows][kWidth] = {};
  for (std::int64_t k = 0; k < dimension; ++k) {
    Vector column[kWidth];
#pragma GCC unroll 8
    for (std::int64_t v = 0; v < kWidth; ++v) column[v] = load(panel + k * kColumns + v * kLanes);
#pragma GCC unroll 16
    for (std::int64_t r = 0; r < kRows; ++r) {
      const float factor = rows[r * dimension + k];
#pragma GCC unroll 8
      for (std::int64_t v = 0; v < kWidth; ++v) sum[r][v] += column[v] * factor;
    }
  }
  std::int64_t count = 0;
  for (std::int64_t r = 0; r < kRows; ++r) {
    for (std::int64_t v = 0; v < kWidth; ++v) {
      if (!any_reaches(sum[r][v], load(thresholds + v * kLanes))) continue;
      float scores[kLanes];
      store(scores, sum[r][v]);
      for (std::int64_t lane = 0; lane < kLanes; ++lane) {
        const std::int64_t query = v * kLanes + lane;
        if (!(scores[lane] >= thresholds[query])) continue;
        hits[count++] = {first_row + static_cast<std::int32_t>(r), static_cast<std::int32_t>(query), scores[lane]};
      }
    }
  }
  return count;
}

template <std::int64_t kRows, std::int64_t kWidth>
std::int64_t score_last(std::int64_t rows_left, const float* panel, const float* rows, std::int64_t dimension,
                        const float* thresholds, std::int32_t first_row, ScanHit* hits) {
  if (rows_left == kRows) return score_tile<kRows, kWidth>(panel, rows, dimension, thresholds, first_row, hits);
  if constexpr (kRows > 1) {
    return score_last<kRows - 1, kWidth>(rows_left, panel, rows, dimension, thresholds, first_row, hits);
  }
  return 0;
}

template <std::int64_t kWidth>
std::int64_t score_columns(std::int64_t columns, const float* panel, const float* rows, std::int64_t count,
                           std::int64_t dimension, const float* thresholds, ScanHit* hits) {
  if constexpr (kWidth > 1) {
    if (columns < kWidth * kLanes) {
      return score_columns<kWidth - 1>(columns, panel, rows, count, dimension, thresholds, hits);
    }
  }
  std::int64_t found = 0;
  for (std::int64_t row = 0; row < count; row += kTileRows) {
    const std::int64_t left = count - row < kTileRows ? count - row : kTileRows;
    found += score_last<kTileRows, kWidth>(left, panel, rows + row * dimension, dimension, thresholds,
                                           static_cast<std::int32_t>(row), hits + found);
  }
  return found;
}

std::int64_t score_panel(const float* panel, std::int64_t columns, const float* rows, std::int64_t count,
                         std::int64_t dimension, const float* thresholds, ScanHit* hits) {
  return score_columns<kVectors>(columns, panel, rows, count, dimension, thresholds, hits);
}

void widen(const std::uint16_t* halves, std::int64_t count, float* floats) {
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) store(floats + i, load(halves + i));
  for (; i < count; ++i) floats[i] = widened(halves[i]);
}

PIPIT_INLINE Doubles doubles(const float* from) {
#ifdef __AVX512F__
  return reinterpret_cast<Doubles>(_mm512_maskz_cvtps_pd(0xff, _mm256_loadu_ps(from)));
#else
  return __builtin_convertvector(*reinterpret_cast<const UnalignedNarrow*>(from), Doubles);
#endif
}
PIPIT_INLINE Doubles doubles(const std::uint16_t* from) {
#if defined(__AVX512F__)
  return reinterpret_cast<Doubles>(
      _mm512_maskz_cvtps_pd(0xff, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)))));
#else
  float numbers[kDoubles];
  for (std::int64_t i = 0; i < kDoubles; ++i) numbers[i] = widened(from[i]);
  return doubles(numbers);
#endif
}

template <class Element>
double exact_product(const float* query, const Element* row, std::int64_t dimension) {
  constexpr std::int64_t kParts = kSums / kDoubles;
  Doubles sums[kParts] = {};
  std::int64_t i = 0;
  for (; i + kSums <= dimension; i += kSums) {
#pragma GCC unroll 8
    for (std::int64_t part = 0; part < kParts; ++part) {
      sums[part] += doubles(row + i + part * kDoubles) * doubles(query + i + part * kDoubles);
    }
  }
  double sum[kSums];
  for (std::int64_t j = 0; j < kSums; ++j) sum[j] = sums[j / kDoubles][j % kDoubles];
  for (std::int64_t j = 0; i + j < dimension; ++j) sum[j] += double{number(row + i + j)} * query[i + j];
  for (std::int64_t half = kSums / 2; half > 0; half /= 2) {
    for (std::int64_t j = 0; j < half; ++j) sum[j] += sum[j + half];
  }
  return sum[0];
}

#if defined(__AVX512F__)
constexpr std::int64_t kCodes = 32;  // that are multiplied at once
using CodeSums = __m512i;
PIPIT_INLINE __m512i codes(const std::int8_t* from) {
  return _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}
PIPIT_INLINE __m512i codes(const std::int16_t* from) {
  return _mm512_loadu_si512(from);
}
PIPIT_INLINE __m512i added(__m512i sums, __m512i a, __m512i b) {
  return _mm512_add_epi32(sums, _mm512_madd_epi16(a, b));
}
#elif defined(__AVX2__)
constexpr std::int64_t kCodes = 16;
using CodeSums = __m256i;
PIPIT_INLINE __m256i codes(const std::int8_t* from) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}
PIPIT_INLINE __m256i codes(const std::int16_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}
PIPIT_INLINE __m256i added(__m256i sums, __m256i a, __m256i b) {
  return _mm256_add_epi32(sums, _mm256_madd_epi16(a, b));
}
#endif

template <class Element>
std::int32_t code_product(const Element* a, const std::int8_t* b, std::int64_t dimension) {
  std::int32_t product = 0;
  std::int64_t i = 0;
#ifdef __AVX2__
  CodeSums sums[2] = {};
  for (; i + 2 * kCodes <= dimension; i += 2 * kCodes) {
    sums[0] = added(sums[0], codes(a + i), codes(b + i));
    sums[1] = added(sums[1], codes(a + i + kCodes), codes(b + i + kCodes));
  }
  std::int32_t lanes[2 * sizeof(CodeSums) / 4];
  __builtin_memcpy(lanes, sums, sizeof sums);
  for (const std::int32_t lane : lanes) product += lane;
#endif
  for (; i < dimension; ++i) product += std::int32_t{a[i]} * b[i];
  return product;
}

}  // namespace

extern const ScanKernel PIPIT_KERNEL = {kLanes,
                                        kVectors* kLanes,
                                        score_rows<float>,
                                        score_rows<std::uint16_t>,
                                        score_panel,
                                        widen,
                                        exact_product<float>,
                                        exact_product<std::uint16_t>,
                                        code_product<std::int16_t>,
                                        code_product<std::int8_t>};

}  // namespace pipit
