// Compiled with AVX-512 without VNNI: 24 of its 32 registers hold sums. Pairs of products of bytes are added up in
// 16 bits, so codes have 7.
#ifdef __AVX512F__
#define PIPIT_SET kAvx512Kernels
#define PIPIT_SET_NAME "avx512"
#define PIPIT_LANES 16
#define PIPIT_VECTORS 4
#define PIPIT_TILE_ROWS 6
#define PIPIT_DEPTH 768
#define PIPIT_CODE_ROWS 6
#define PIPIT_CODE_BLOCKS 4
#define PIPIT_GROUP_BLOCKS 2
#define PIPIT_LEVELS 127
#include <immintrin.h>

#include "clip/kernels/sets/vectors.h"

namespace pipit::clip {
namespace {

PIPIT_INLINE Integers add_products(Integers sums, std::int32_t four, Integers weights) {
  const __m512i pairs = _mm512_maddubs_epi16(_mm512_set1_epi32(four), reinterpret_cast<__m512i>(weights));
  return sums + reinterpret_cast<Integers>(_mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
}

PIPIT_INLINE Vector from_half(const std::uint16_t* halves) {
  return _mm512_maskz_cvtph_ps(0xffff, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(halves)));
}

}  // namespace
}  // namespace pipit::clip

#include "clip/kernels/sets/set.h"
#endif
