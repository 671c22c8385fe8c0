// A weight's codes and what they mean, before products are made with them.
#pragma once

#include <ATen/core/Tensor.h>

#include "clip/api.h"

namespace pipit::clip {

/// See weights::Quantization for the numbers; row by row, or in blocks.
struct QuantizedTensor {
  at::Tensor codes;  // int8 [out, in], or uint8 [out, in/2]; in blocks of three dimensions
  at::Tensor scale;  // float32 [out], or float16 [out, groups]; in blocks [blocks, groups, outputs of a block]
  at::Tensor zero;   // as the scale at 4 bits; undefined at 8 bits

  int bits() const { return zero.defined() ? 4 : 8; }
  bool in_blocks() const { return codes.dim() == 3; }
};

/// Of float32 or what can be turned into it, [out, in]. Throws pipit::Error (`invalid_checkpoint`) for numbers that
/// cannot be had in so few bits.
PIPIT_CLIP_API QuantizedTensor quantize(const at::Tensor& matrix, int bits);

}  // namespace pipit::clip
