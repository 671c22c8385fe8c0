// pipit::Tensor to at::Tensor and back, without a copy. Only for code that links LibTorch.
#pragma once

#include <ATen/DLConvertor.h>
#include <ATen/core/Tensor.h>

#include "pipit/value.h"

#pragma GCC visibility push(hidden)

namespace pipit {

static_assert(sizeof(pipit_tensor) == sizeof(DLTensor) && offsetof(pipit_tensor, shape) == offsetof(DLTensor, shape) &&
              offsetof(pipit_tensor, dtype) == offsetof(DLTensor, dtype) &&
              sizeof(pipit_managed_tensor) == sizeof(DLManagedTensor));

/// The same memory as an at::Tensor, which keeps the pipit tensor alive. It must not be written to.
inline at::Tensor to_torch(const Tensor& tensor) {
  struct Holder {
    explicit Holder(const Tensor& t) : tensor(t) {}
    Tensor tensor;
    DLManagedTensor managed{};
  };
  auto* holder = new Holder(tensor);
  std::memcpy(&holder->managed.dl_tensor, &holder->tensor.dlpack(), sizeof(DLTensor));
  holder->managed.manager_ctx = holder;
  holder->managed.deleter = [](DLManagedTensor* m) { delete static_cast<Holder*>(m->manager_ctx); };
  return at::fromDLPack(&holder->managed);
}

/// The same memory as a pipit tensor, which keeps the at::Tensor alive. The at::Tensor must not be written to
/// afterwards.
inline Tensor from_torch(const at::Tensor& tensor) {
  return Tensor::adopt(reinterpret_cast<pipit_managed_tensor*>(at::toDLPack(tensor.contiguous())));
}

}  // namespace pipit

#pragma GCC visibility pop
