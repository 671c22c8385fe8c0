// Weights that bitsandbytes quantised, as numbers again.
#pragma once

#include "pipit/weights/checkpoint.h"

namespace pipit::weights {

/// The checkpoint with every weight that has bitsandbytes' companions beside it in float32, and without those: int8
/// (`SCB`), nf4 and fp4 (`absmax`, `quant_map`, `quant_state`, nested or not). The same checkpoint where none has.
/// Throws Fault for companions that do not fit (bitsandbytes, functional.py: QuantState, dequantize_4bit).
Checkpoint dequantize_bitsandbytes(const Checkpoint& checkpoint);

}  // namespace pipit::weights
