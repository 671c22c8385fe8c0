#include "clip/kernels/activation.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>

namespace pipit::clip {
namespace {

void apply(at::Tensor part, Then then) {
  if (then == Then::kSilu) at::silu_(part);
  if (then == Then::kGelu) at::gelu_(part);
}

}  // namespace

void activate(const at::Tensor& rows, Then then) {
  if (then == Then::kNothing || rows.numel() == 0) return;
  if (!rows.is_cpu()) return apply(rows, then);
  // ATen computes whole vectors with other arithmetic than what is left over at the end of a thread's share. So each
  // share is a number of rows that leaves nothing over, or one row, and too small for ATen to divide it.
  constexpr std::int64_t kWidestVector = 64;
  constexpr std::int64_t kUndivided = 1 << 14;
  const std::int64_t count = rows.size(0);
  const std::int64_t columns = rows.size(1);
  const std::int64_t together = columns % kWidestVector == 0 ? std::max<std::int64_t>(kUndivided / columns, 1) : 1;
  const std::int64_t shares = (count + together - 1) / together;
  at::parallel_for(0, shares, 2, [&](std::int64_t first, std::int64_t end) {
    const c10::InferenceMode guard;  // each thread's own
    for (std::int64_t i = first; i < end; ++i) {
      apply(rows.narrow(0, i * together, std::min(together, count - i * together)), then);
    }
  });
}

}  // namespace pipit::clip
