// Compiled with AVX2 and FMA: 12 of its 16 registers hold sums of floats. Pairs of products of bytes are added up in
// 16 bits, so codes have 7.
#ifdef __AVX2__
#define PIPIT_SET kAvx2Kernels
#define PIPIT_SET_NAME "avx2"
#define PIPIT_LANES 8
#define PIPIT_VECTORS 2
#define PIPIT_TILE_ROWS 6
#define PIPIT_DEPTH 512
#define PIPIT_CODE_ROWS 4
#define PIPIT_CODE_BLOCKS 1
#define PIPIT_GROUP_BLOCKS 1
#define PIPIT_LEVELS 127
#include <immintrin.h>

#include "clip/kernels/sets/vectors.h"

namespace pipit::clip {
namespace {

PIPIT_INLINE Integers add_products(Integers sums, std::int32_t four, Integers weights) {
  const __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi32(four), reinterpret_cast<__m256i>(weights));
  return sums + reinterpret_cast<Integers>(_mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

PIPIT_INLINE Vector from_half(const std::uint16_t* halves) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(halves)));
}

}  // namespace
}  // namespace pipit::clip

#include "clip/kernels/sets/set.h"
#endif
