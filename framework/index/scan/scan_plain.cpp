// For any processor.
#define PIPIT_LANES 4
#define PIPIT_VECTORS 2
#define PIPIT_TILE_ROWS 4
#define PIPIT_KERNEL kPlainScan
#include "index/scan/scan_kernel_code.h"
