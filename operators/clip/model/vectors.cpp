#include "clip/model/vectors.h"

#include <ATen/ATen.h>

#include "pipit/error.h"

namespace pipit::clip {

at::Tensor l2_normalize(const at::Tensor& rows) {
  return rows / rows.norm(2, {-1}, /*keepdim=*/true);
}

at::Tensor checked_on_cpu(const at::Tensor& rows) {
  const at::Tensor on_cpu = rows.cpu();
  if (!on_cpu.isfinite().all().item<bool>()) {
    throw Error("operator_failed",
                "the model's output is not finite; are these weights of a trained model, and is dtype wide enough?");
  }
  return on_cpu;
}

}  // namespace pipit::clip
