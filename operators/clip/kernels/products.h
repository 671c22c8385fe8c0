// Products on LibTorch's threads. Within one of its parallel regions, all is done by the thread that asks.
#pragma once

#include "clip/api.h"
#include "clip/kernels/instructions.h"

namespace pipit::clip {

/// Each element of x·W is one chain of additions over the depth, in order.
PIPIT_CLIP_API void multiply_rows(const RowProduct& product, const KernelSet& set = kernels());

PIPIT_CLIP_API void multiply_codes(const CodeProduct& product, const KernelSet& set = kernels());

}  // namespace pipit::clip
