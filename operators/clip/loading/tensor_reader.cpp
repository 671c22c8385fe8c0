#include "clip/loading/tensor_reader.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "clip/kernels/quantized_tensor.h"
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
    case weights::DType::kInt8:
      return at::kChar;
    case weights::DType::kUInt8:
      return at::kByte;
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

/// All parts as one, where they lie if they are one. Counts nothing.
at::Tensor joined(const weights::Source& source, const std::shared_ptr<const void>& storage, c10::Device device,
                  at::ScalarType dtype) {
  std::vector<at::Tensor> parts;
  for (const weights::TensorView& view : source.parts) parts.push_back(wrap(view, storage).to(device, dtype));
  const at::Tensor tensor = parts.size() == 1 ? parts.front() : at::cat(parts, 0);
  return source.transposed ? tensor.t() : tensor;
}

QuantizedTensor read_quantized(const weights::Source& source, const std::shared_ptr<const void>& storage, int bits) {
  if (!source.scales) return quantize(joined(source, storage, at::kCPU, at::kFloat), bits);
  QuantizedTensor stored{wrap(source.parts.front(), storage), wrap(source.scales->scale, storage), {}};
  if (source.scales->zero) stored.zero = wrap(*source.scales->zero, storage);
  return stored;
}

}  // namespace

std::int64_t bytes_to_copy(const weights::ClipCheckpoint& checkpoint, const Placement& placement, Side side) {
  std::int64_t bytes = 0;
  for (const auto& [name, source] : checkpoint.tensors) {
    if (name == "logit_scale") continue;  // no vector needs it
    bool text = false;
    for (const char* prefix : {"transformer.", "token_embedding.", "positional_embedding", "ln_final.", "text_proj"}) {
      text = text || name.starts_with(prefix);
    }
    if (text != (side == Side::kText)) continue;
    std::int64_t elements = 0;
    for (const weights::TensorView& part : source.parts) elements += part.elements();
    const weights::TensorView& first = source.parts.front();
    const bool block = name.find("resblocks.") != name.npos && first.shape.size() == 2;
    if (placement.quantization && block) {
      // As the file has them, or as many bits for each.
      bytes += source.scales ? elements : elements * placement.quantization->bits / 8;
      continue;
    }
    const bool stored = name == "token_embedding.weight";
    const at::ScalarType dtype = stored ? scalar_type(first.dtype) : placement.dtype;
    const bool in_place =
        placement.device.is_cpu() && source.parts.size() == 1 && first.aligned() && scalar_type(first.dtype) == dtype;
    if (!in_place) bytes += elements * static_cast<std::int64_t>(c10::elementSize(dtype));
  }
  return bytes;
}

const weights::Source& TensorReader::find(const std::string& name) const {
  const auto found = checkpoint_.tensors.find(name);
  if (found == checkpoint_.tensors.end()) {
    throw Error("internal", fmt::format("'{}' has no tensor '{}'", checkpoint_.file.path().string(), name));
  }
  return found->second;
}

at::Tensor TensorReader::read(const weights::Source& source, c10::ScalarType dtype) {
  const at::Tensor tensor = joined(source, checkpoint_.file.storage(), placement_.device, dtype);
  const auto bytes = static_cast<std::int64_t>(tensor.nbytes());
  footprint_.parameters += tensor.numel();
  footprint_.bytes += bytes;
  if (tensor.const_data_ptr() == source.parts.front().data) {
    footprint_.mapped_bytes += bytes;
  } else {
    for (const weights::TensorView& part : source.parts) checkpoint_.file.give_back(part);
  }
  return tensor;
}

at::Tensor TensorReader::read(const std::string& name) {
  return read(find(name), placement_.dtype);
}

at::Tensor TensorReader::read_as_stored(const std::string& name) {
  const weights::Source& source = find(name);
  return read(source, scalar_type(source.parts.front().dtype));
}

Linear TensorReader::read_linear(const std::string& weight, const std::string& bias) {
  return read_linears(weight, bias, {}).front();
}

std::vector<Linear> TensorReader::read_linears(const std::string& weight, const std::string& bias,
                                               at::IntArrayRef outputs) {
  const at::Tensor all_biases = read(bias);
  const at::IntArrayRef sizes = outputs.empty() ? all_biases.sizes() : outputs;
  const std::vector<at::Tensor> biases = all_biases.split_with_sizes(sizes);
  std::vector<Linear> linears;
  if (!placement_.quantization) {
    const std::vector<at::Tensor> weights = read(weight).split_with_sizes(sizes);
    for (std::size_t i = 0; i < sizes.size(); ++i) linears.push_back({weights[i], biases[i]});
    return linears;
  }
  try {
    const QuantizedTensor all = read_quantized(find(weight), checkpoint_.file.storage(), placement_.quantization->bits);
    std::int64_t start = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      linears.push_back({{}, biases[i], std::make_shared<PackedWeight>(all, start, sizes[i])});
      footprint_.bytes += linears.back().packed->bytes();
      footprint_.mapped_bytes += linears.back().packed->shared_bytes();
      start += sizes[i];
    }
    for (const weights::TensorView& part : find(weight).parts) checkpoint_.file.give_back(part);
    footprint_.parameters += all.codes.numel() * (all.zero.defined() ? 2 : 1);
    return linears;
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("'{}' in '{}' {}", weight, checkpoint_.file.path().string(), error.what()));
  }
}

}  // namespace pipit::clip
