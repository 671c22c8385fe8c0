// A weight's codes and what they mean, before they are packed.
#pragma once

#include <ATen/core/Tensor.h>

#include "clip/api.h"

namespace pipit::clip {

/// See weights::Quantization for the numbers.
struct QuantizedTensor {
  at::Tensor codes;  // int8 [out, in], or uint8 [out, in/2]
  at::Tensor scale;  // float32 [out], or float16 [out, groups]
  at::Tensor zero;   // float16 [out, groups]; undefined at 8 bits
};

/// `matrix` is a float tensor of any element type, [out, in]. Throws pipit::Error (`invalid_checkpoint`), as
/// weights::quantize_int8 and quantize_int4 do.
PIPIT_CLIP_API QuantizedTensor quantize(const at::Tensor& matrix, int bits);

}  // namespace pipit::clip
