// Compiled with AVX2: 12 of its 16 registers hold sums.
#ifdef __AVX2__
#define PIPIT_LANES 8
#define PIPIT_VECTORS 2
#define PIPIT_TILE_ROWS 6
#define PIPIT_KERNEL kAvx2Scan
#include "index/scan/scan_kernel_code.h"
#endif
