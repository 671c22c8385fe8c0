// For any processor.
#define PIPIT_SET kPlainKernels
#define PIPIT_SET_NAME "plain"
#define PIPIT_LANES 4
#define PIPIT_VECTORS 2
#define PIPIT_TILE_ROWS 4
#define PIPIT_DEPTH 512
#define PIPIT_CODE_ROWS 2
#define PIPIT_CODE_BLOCKS 1
#define PIPIT_GROUP_BLOCKS 1
#define PIPIT_LEVELS 255
#include "clip/kernels/sets/vectors.h"

namespace pipit::clip {
namespace {

PIPIT_INLINE Integers add_products(Integers sums, std::int32_t four, Integers weights) {
  for (std::int64_t i = 0; i < 4; ++i) {
    // The byte at i of each weight, with its sign.
    sums += (weights << (24 - 8 * i) >> 24) * (four >> (8 * i) & 255);
  }
  return sums;
}

/// float16 to float32, infinities aside.
PIPIT_INLINE Vector from_half(const std::uint16_t* halves) {
  Integers bits;
  for (std::int64_t i = 0; i < kLanes; ++i) bits[i] = halves[i];
  // The exponent is moved to where a float's is, and corrected by a product, which also makes subnormal numbers right.
  const Integers size = (bits & 0x7fff) << 13;
  const Vector value = reinterpret_cast<Vector>(size) * 0x1p112f;
  return reinterpret_cast<Vector>(reinterpret_cast<Integers>(value) | (bits & 0x8000) << 16);
}

}  // namespace
}  // namespace pipit::clip

#include "clip/kernels/sets/set.h"
