// The kernels of one set of instructions. Needs PIPIT_SET and PIPIT_SET_NAME.
#pragma once

#include "clip/kernels/kernel_set.h"
#include "clip/kernels/sets/attention.h"
#include "clip/kernels/sets/code_product.h"
#include "clip/kernels/sets/row_product.h"
#include "clip/kernels/sets/rows.h"

namespace pipit::clip {

extern const KernelSet PIPIT_SET;
const KernelSet PIPIT_SET = {.name = PIPIT_SET_NAME,
                             .multiply_rows = multiply_rows_panel,
                             .row_columns = kColumns,
                             .row_tile = kTileRows,
                             .row_panel_bytes = row_panel_bytes,
                             .levels = PIPIT_LEVELS,
                             .multiply_codes = multiply_codes_panel,
                             .code_columns = kCodeColumns,
                             .code_panel_bytes = code_panel_bytes,
                             .quantize_row = quantize_row,
                             .normalize_row = normalize_row,
                             .attend = attend,
                             .attention_memory = attention_memory};

}  // namespace pipit::clip
