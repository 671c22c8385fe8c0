// Compiled with AVX-512: 24 of its 32 registers hold sums.
#ifdef __AVX512F__
#define PIPIT_LANES 16
#define PIPIT_VECTORS 4
#define PIPIT_TILE_ROWS 6
#define PIPIT_KERNEL kAvx512Scan
#include "index/scan/scan_kernel_code.h"
#endif
