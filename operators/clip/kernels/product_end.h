// What becomes of a product's sums.
#pragma once

#include <cstdint>

namespace pipit::clip {

enum class Then { kNothing, kSilu, kGelu };

/// y = then(sum + bias), or y = residual + scale·then(sum + bias). Rows of y and of the residual are dense; they may be
/// the same.
struct ProductEnd {
  const float* bias = nullptr;      // [columns], or null
  const float* residual = nullptr;  // [rows, columns], or null
  float* y = nullptr;               // [rows, columns]
  std::int64_t columns = 0;
  float scale = 1;
  Then then = Then::kNothing;
};

}  // namespace pipit::clip
