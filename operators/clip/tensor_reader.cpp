#include "clip/tensor_reader.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "pipit/error.h"

namespace pipit::clip {
namespace {

at::ScalarType scalar_type(weights::DType dtype) {
  switch (dtype) {
    case weights::DType::kFloat64:
      return at::kDouble;
    case weights::DType::kFloat32:
      return at::kFloat;
    case weights::DType::kFloat16:
      return at::kHalf;
    case weights::DType::kBFloat16:
      return at::kBFloat16;
    default:
      throw Error("internal", fmt::format("a weight is of type {}", weights::dtype_name(dtype)));
  }
}

/// The bytes where they lie. The file is mapped for reading only: nothing may write to this.
at::Tensor wrap(const weights::TensorView& view, const std::shared_ptr<const void>& storage) {
  const at::ScalarType dtype = scalar_type(view.dtype);
  auto* data = const_cast<std::byte*>(view.data);
  const auto keep = [storage](void*) {};
  if (view.aligned()) return at::from_blob(data, view.shape, view.strides, keep, at::dtype(dtype));

  // Copied byte by byte to where its elements may be read.
  const auto size = static_cast<std::int64_t>(weights::dtype_bytes(view.dtype));
  std::vector<std::int64_t> shape = view.shape;
  std::vector<std::int64_t> strides = view.strides;
  for (std::int64_t& stride : strides) stride *= size;
  shape.push_back(size);
  strides.push_back(1);
  const at::Tensor bytes = at::from_blob(data, shape, strides, keep, at::dtype(at::kByte));
  return bytes.clone(at::MemoryFormat::Contiguous).view(dtype).squeeze(-1);
}

}  // namespace

at::Tensor TensorReader::read(const std::string& name) {
  const auto found = checkpoint_.tensors.find(name);
  if (found == checkpoint_.tensors.end()) {
    throw Error("internal", fmt::format("'{}' has no tensor '{}'", checkpoint_.file.path().string(), name));
  }
  const weights::Source& source = found->second;
  std::vector<at::Tensor> parts;
  for (const weights::TensorView& view : source.parts) {
    const at::Tensor raw = wrap(view, checkpoint_.file.storage());
    parts.push_back(raw.to(placement_.device, placement_.dtype));
  }
  at::Tensor tensor = parts.size() == 1 ? parts.front() : at::cat(parts, 0);
  const auto bytes = static_cast<std::int64_t>(tensor.nbytes());
  footprint_.parameters += tensor.numel();
  footprint_.bytes += bytes;
  if (tensor.const_data_ptr() == source.parts.front().data) footprint_.mapped_bytes += bytes;
  return source.transposed ? tensor.t() : tensor;
}

}  // namespace pipit::clip
