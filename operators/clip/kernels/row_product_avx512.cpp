// Compiled with AVX-512: 24 of its 32 registers hold sums.
#ifdef __AVX512F__
#define PIPIT_LANES 16
#define PIPIT_VECTORS 4
#define PIPIT_TILE_ROWS 6
#define PIPIT_DEPTH 768
#define PIPIT_KERNEL kAvx512RowProduct
#include "clip/kernels/row_product_kernel.h"
#endif
