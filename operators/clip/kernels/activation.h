// What a product's results go through.
#pragma once

#include <ATen/core/Tensor.h>

namespace pipit::clip {

enum class Then { kNothing, kSilu, kGelu };

/// In place. On the CPU each row of the dense [rows, columns] gets what it would get alone, to the bit.
void activate(const at::Tensor& rows, Then then);

}  // namespace pipit::clip
