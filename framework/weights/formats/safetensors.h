// The safetensors container; all numbers are little-endian:
//
//   0      8 bytes   n, the length of the header, unsigned
//   8      n bytes   the header, a JSON object; spaces may follow it:
//                      {"NAME": {"dtype": "F32", "shape": [3, 512], "data_offsets": [BEGIN, END]}, …,
//                       "__metadata__": {"KEY": "TEXT", …}}
//   8 + n  the rest  the elements, row by row; BEGIN and END count from here. The tensors follow each other without
//                    gaps and the last one ends the file.
#pragma once

#include "weights/formats/contents.h"

namespace pipit::weights {

bool looks_like_safetensors(Bytes file);

/// Strides of a tensor without gaps.
std::vector<std::int64_t> row_major(const std::vector<std::int64_t>& shape);

/// As strict as the format's own reader (huggingface/safetensors, `SafeTensors::read_metadata`): tensors fill the file
/// without gaps or overlaps. Throws Fault.
Contents read_safetensors(Bytes file);

}  // namespace pipit::weights
