// The safetensors container: eight bytes of header length, a JSON header, the tensors' bytes.
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
