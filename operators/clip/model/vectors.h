// The last steps on the way to a vector, which both modalities share.
#pragma once

#include <ATen/core/Tensor.h>

namespace pipit::clip {

/// Each row at length 1.
at::Tensor l2_normalize(const at::Tensor& rows);

/// Gives `rows` back on the CPU. Throws pipit::Error (`operator_failed`) if one has a number that is none.
at::Tensor checked_on_cpu(const at::Tensor& rows);

}  // namespace pipit::clip
