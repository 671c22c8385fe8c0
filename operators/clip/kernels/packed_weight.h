// A weight of few bits, as the kernels read it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "clip/api.h"
#include "clip/kernels/code_product.h"
#include "clip/kernels/quantized_tensor.h"

namespace pipit::clip {

class PIPIT_CLIP_API PackedWeight {
 public:
  /// The outputs [first, first + outputs) of a weight. What lies in blocks already is used where it lies; rows are
  /// copied into blocks. Throws pipit::Error (`internal`) for a part of a weight in blocks that does not end with one.
  PackedWeight(const QuantizedTensor& weight, std::int64_t first, std::int64_t outputs);

  const CodedWeight& view() const { return view_; }
  /// Of all, and those of them that lie where the weight did.
  std::int64_t bytes() const { return bytes_; }
  std::int64_t shared_bytes() const { return shared_bytes_; }

 private:
  void keep(const QuantizedTensor& part, bool shared);

  at::Tensor codes_, scale_, zero_;
  at::Tensor sums_;  // of each output's weights
  CodedWeight view_;
  std::int64_t bytes_ = 0;
  std::int64_t shared_bytes_ = 0;
};

}  // namespace pipit::clip
