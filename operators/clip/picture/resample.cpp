#include "clip/picture/resample.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace pipit::clip {
namespace {

constexpr int kPrecisionBits = 22;
constexpr std::int32_t kHalf = 1 << (kPrecisionBits - 1);
double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

double triangle(double x) {
  x = std::abs(x);
  return x < 1 ? 1 - x : 0;
}

struct Kernel {
  double (*weight)(double x);
  double support;  // in pixels of the coarser picture
};

Kernel kernel_of(Filter filter) {
  return filter == Filter::kBilinear ? Kernel{triangle, 1} : Kernel{cubic, 2};
}

/// How each pixel of one axis is made: a weighted sum over a stretch of the source's pixels.
class Axis {
 public:
  struct Stretch {
    std::int64_t first;
    std::int64_t size;
    const std::int32_t* weights;
  };

  /// For the pixels [first, first + count) of `out_size`.
  Axis(const Kernel& kernel, std::int64_t in_size, std::int64_t out_size, std::int64_t first, std::int64_t count) {
    const double scale = static_cast<double>(in_size) / static_cast<double>(out_size);
    const double widening = std::max(scale, 1.0);
    const double support = kernel.support * widening;
    std::vector<double> exact;
    std::vector<std::size_t> starts;
    for (std::int64_t i = first; i < first + count; ++i) {
      const double centre = (static_cast<double>(i) + 0.5) * scale;
      const auto begin = std::max<std::int64_t>(static_cast<std::int64_t>(centre - support + 0.5), 0);
      const auto end = std::min(static_cast<std::int64_t>(centre + support + 0.5), in_size);
      exact.clear();
      double sum = 0;
      for (std::int64_t x = begin; x < end; ++x) {
        exact.push_back(kernel.weight((static_cast<double>(x) - centre + 0.5) * (1 / widening)));
        sum += exact.back();
      }
      stretches_.push_back({begin, end - begin, nullptr});
      starts.push_back(weights_.size());
      for (const double weight : exact) {
        const double fixed = weight / sum * (1 << kPrecisionBits);
        weights_.push_back(static_cast<std::int32_t>(fixed + (fixed < 0 ? -0.5 : 0.5)));
      }
    }
    for (std::size_t i = 0; i < starts.size(); ++i) stretches_[i].weights = weights_.data() + starts[i];
  }
  Axis(const Axis&) = delete;
  Axis& operator=(const Axis&) = delete;

  const std::vector<Stretch>& stretches() const { return stretches_; }
  std::int64_t source_begin() const { return stretches_.front().first; }
  std::int64_t source_end() const { return stretches_.back().first + stretches_.back().size; }

 private:
  std::vector<Stretch> stretches_;
  std::vector<std::int32_t> weights_;
};

std::uint8_t to_byte(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kPrecisionBits, 0, 255));
}

/// One row of the source, of which `in` begins at pixel `origin`. Both `in` and `out` have room for a byte more.
void resample_row(const std::uint8_t* in, std::int64_t origin, const std::vector<Axis::Stretch>& stretches,
                  std::uint8_t* out) {
  for (const Axis::Stretch& stretch : stretches) {
    const std::uint8_t* pixel = in + (stretch.first - origin) * 3;
    std::int32_t sum[3] = {kHalf, kHalf, kHalf};
    for (std::int64_t k = 0; k < stretch.size; ++k, pixel += 3) {
      for (int c = 0; c < 3; ++c) sum[c] += pixel[c] * stretch.weights[k];
    }
    for (int c = 0; c < 3; ++c) *out++ = to_byte(sum[c]);
  }
}

/// One row of the result, from rows that lie `row_size` bytes apart, a multiple of eight.
void resample_columns(const std::uint8_t* rows, std::int64_t row_size, const Axis::Stretch& stretch,
                      std::uint8_t* out) {
  for (std::int64_t x = 0; x < row_size; ++x) {
    std::int32_t sum = kHalf;
    for (std::int64_t k = 0; k < stretch.size; ++k) sum += rows[k * row_size + x] * stretch.weights[k];
    out[x] = to_byte(sum);
  }
}

#ifdef __x86_64__

/// The same four bytes at a time: a pixel and one byte more, which is computed with and overwritten by the next pixel.
__attribute__((target("avx2"))) void resample_row_avx2(const std::uint8_t* in, std::int64_t origin,
                                                       const std::vector<Axis::Stretch>& stretches, std::uint8_t* out) {
  for (const Axis::Stretch& stretch : stretches) {
    const std::uint8_t* pixel = in + (stretch.first - origin) * 3;
    __m128i sum = _mm_set1_epi32(kHalf);
    for (std::int64_t k = 0; k < stretch.size; ++k, pixel += 3) {
      const __m128i rgb = _mm_cvtepu8_epi32(_mm_loadu_si32(pixel));
      sum = _mm_add_epi32(sum, _mm_mullo_epi32(rgb, _mm_set1_epi32(stretch.weights[k])));
    }
    const __m128i words = _mm_packs_epi32(_mm_srai_epi32(sum, kPrecisionBits), _mm_setzero_si128());
    _mm_storeu_si32(out, _mm_packus_epi16(words, words));
    out += 3;
  }
}

__attribute__((target("avx2"))) void resample_columns_avx2(const std::uint8_t* rows, std::int64_t row_size,
                                                           const Axis::Stretch& stretch, std::uint8_t* out) {
  for (std::int64_t x = 0; x < row_size; x += 8) {
    const std::uint8_t* bytes = rows + x;
    __m256i sum = _mm256_set1_epi32(kHalf);
    for (std::int64_t k = 0; k < stretch.size; ++k, bytes += row_size) {
      const __m256i values = _mm256_cvtepu8_epi32(_mm_loadu_si64(bytes));
      sum = _mm256_add_epi32(sum, _mm256_mullo_epi32(values, _mm256_set1_epi32(stretch.weights[k])));
    }
    sum = _mm256_srai_epi32(sum, kPrecisionBits);
    const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
    _mm_storeu_si64(out + x, _mm_packus_epi16(words, words));
  }
}

const bool kAvx2 = __builtin_cpu_supports("avx2") != 0;
const auto kResampleRow = kAvx2 ? &resample_row_avx2 : &resample_row;
const auto kResampleColumns = kAvx2 ? &resample_columns_avx2 : &resample_columns;

#else

constexpr auto kResampleRow = &resample_row;
constexpr auto kResampleColumns = &resample_columns;

#endif

}  // namespace

void resample(const PictureView& picture, const ResizedWindow& window, Filter filter, std::uint8_t* out) {
  const Kernel kernel = kernel_of(filter);
  const Axis columns(kernel, picture.width, window.width, window.left, window.window_width);
  const Axis rows(kernel, picture.height, window.height, window.top, window.window_height);

  // What is needed of each source row goes through a buffer with room to read over its end.
  const std::int64_t origin = columns.source_begin();
  const auto needed = static_cast<std::size_t>((columns.source_end() - origin) * 3);
  std::vector<std::uint8_t> row(needed + 1);
  const std::int64_t out_size = window.window_width * 3;
  const std::int64_t padded_size = (out_size + 7) / 8 * 8;
  std::vector<std::uint8_t> narrowed(
      static_cast<std::size_t>((rows.source_end() - rows.source_begin()) * padded_size + 1));
  for (std::int64_t y = rows.source_begin(); y < rows.source_end(); ++y) {
    std::memcpy(row.data(), picture.data + y * picture.row_stride + origin * 3, needed);
    kResampleRow(row.data(), origin, columns.stretches(), narrowed.data() + (y - rows.source_begin()) * padded_size);
  }

  std::vector<std::uint8_t> line(static_cast<std::size_t>(padded_size));
  for (const Axis::Stretch& stretch : rows.stretches()) {
    kResampleColumns(narrowed.data() + (stretch.first - rows.source_begin()) * padded_size, padded_size, stretch,
                     line.data());
    out = std::copy_n(line.data(), out_size, out);
  }
}

}  // namespace pipit::clip
