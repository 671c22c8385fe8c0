// Attention of one head within one sequence.
#pragma once

#include <cstdint>

namespace pipit::clip {

/// result = softmax(scale·Q·Kᵀ)·V. Strides are from row to row, in floats.
struct Attention {
  const float* query = nullptr;  // [queries, size]
  const float* key = nullptr;    // [keys, size]
  const float* value = nullptr;  // [keys, size]
  float* result = nullptr;       // [queries, size]
  std::int64_t query_stride = 0, key_stride = 0, result_stride = 0;
  std::int64_t queries = 0, keys = 0, size = 0;
  float scale = 1;
  bool causal = false;  // query i sees the keys 0 to i; as many queries as keys
};

}  // namespace pipit::clip
