// Compiled with AVX2, FMA and AVX-VNNI, which adds four products of bytes at once.
#ifdef __AVXVNNI__
#define PIPIT_SET kAvxVnniKernels
#define PIPIT_SET_NAME "avx_vnni"
#define PIPIT_LANES 8
#define PIPIT_VECTORS 2
#define PIPIT_TILE_ROWS 6
#define PIPIT_DEPTH 512
#define PIPIT_CODE_ROWS 6
#define PIPIT_CODE_BLOCKS 1
#define PIPIT_GROUP_BLOCKS 1
#define PIPIT_LEVELS 255
#include <immintrin.h>

#include "clip/kernels/sets/vectors.h"

namespace pipit::clip {
namespace {

PIPIT_INLINE Integers add_products(Integers sums, std::int32_t four, Integers weights) {
  return reinterpret_cast<Integers>(_mm256_dpbusd_avx_epi32(reinterpret_cast<__m256i>(sums), _mm256_set1_epi32(four),
                                                            reinterpret_cast<__m256i>(weights)));
}

PIPIT_INLINE Vector from_half(const std::uint16_t* halves) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(halves)));
}

}  // namespace
}  // namespace pipit::clip

#include "clip/kernels/sets/set.h"
#endif
