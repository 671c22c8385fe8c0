// For any processor.
#define PIPIT_LANES 4
#define PIPIT_VECTORS 2
#define PIPIT_TILE_ROWS 4
#define PIPIT_DEPTH 512
#define PIPIT_KERNEL kPlainRowProduct
#include "clip/kernels/row_product_kernel.h"
