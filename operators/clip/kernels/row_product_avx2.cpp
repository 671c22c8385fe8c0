// Compiled with AVX2 and FMA: 12 of its 16 registers hold sums.
#ifdef __AVX2__
#define PIPIT_LANES 8
#define PIPIT_VECTORS 2
#define PIPIT_TILE_ROWS 6
#define PIPIT_DEPTH 512
#define PIPIT_KERNEL kAvx2RowProduct
#include "clip/kernels/row_product_kernel.h"
#endif
