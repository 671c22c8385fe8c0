// The numbers of tensors, from however they lie in a file to how they are wanted.
#pragma once

#include <cstdint>
#include <vector>

#include "pipit/weights/clip_checkpoint.h"
#include "weights/files/bytes.h"

namespace pipit::weights {

/// True for what model weights are stored in: float64, float32, float16, bfloat16.
bool is_float(DType dtype);

/// [rows, columns, …] of a canonical tensor: its parts joined, transposed if it is, two columns a byte unpacked.
std::vector<std::int64_t> shape_of(const Source& source);

/// Row-major bytes of a canonical tensor in `dtype`, one of is_float's. The same dtype is copied bit by bit; what is
/// quantised has the values that its scales define.
std::vector<std::byte> elements(const Source& source, DType dtype);

/// The same as numbers.
std::vector<float> float_elements(const Source& source);

/// A tensor's row-major bytes as they are, whatever its dtype.
std::vector<std::byte> raw_elements(const TensorView& view);

}  // namespace pipit::weights
