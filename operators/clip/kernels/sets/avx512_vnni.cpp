// Compiled with AVX-512 and VNNI, which adds four products of bytes at once: 24 of 32 registers hold sums.
#ifdef __AVX512VNNI__
#define PIPIT_SET kAvx512VnniKernels
#define PIPIT_SET_NAME "avx512_vnni"
#define PIPIT_LANES 16
#define PIPIT_VECTORS 4
#define PIPIT_TILE_ROWS 6
#define PIPIT_DEPTH 768
#define PIPIT_CODE_ROWS 6
#define PIPIT_CODE_BLOCKS 4
#define PIPIT_GROUP_BLOCKS 2
#define PIPIT_LEVELS 255
#include <immintrin.h>

#include "clip/kernels/sets/vectors.h"

namespace pipit::clip {
namespace {

PIPIT_INLINE Integers add_products(Integers sums, std::int32_t four, Integers weights) {
  return reinterpret_cast<Integers>(_mm512_dpbusd_epi32(reinterpret_cast<__m512i>(sums), _mm512_set1_epi32(four),
                                                        reinterpret_cast<__m512i>(weights)));
}

PIPIT_INLINE Vector from_half(const std::uint16_t* halves) {
  return _mm512_maskz_cvtph_ps(0xffff, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(halves)));
}

}  // namespace
}  // namespace pipit::clip

#include "clip/kernels/sets/set.h"
#endif
