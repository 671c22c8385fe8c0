#include "weights/numbers/elements.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/half.h"

namespace pipit::weights {
namespace {

// Copies bytes of a tensor of any strides into row-major order.
void gather(const TensorView& view, std::size_t dimension, const std::byte* from, std::byte*& to) {
  const auto item = static_cast<std::int64_t>(dtype_bytes(view.dtype));
  if (dimension == view.shape.size()) {
    std::memcpy(to, from, static_cast<std::size_t>(item));
    to += item;
    return;
  }
  const bool last = dimension + 1 == view.shape.size();
  if (last && view.strides[dimension] == 1) {
    const std::size_t size = static_cast<std::size_t>(view.shape[dimension] * item);
    std::memcpy(to, from, size);
    to += size;
    return;
  }
  for (std::int64_t i = 0; i < view.shape[dimension]; ++i) {
    gather(view, dimension + 1, from + i * view.strides[dimension] * item, to);
  }
}

template <typename T>
const T* as(const std::vector<std::byte>& bytes) {
  return reinterpret_cast<const T*>(bytes.data());
}

std::vector<float> to_floats(const std::vector<std::byte>& bytes, DType dtype) {
  std::vector<float> numbers(bytes.size() / dtype_bytes(dtype));
  switch (dtype) {
    case DType::kFloat64:
      std::transform(as<double>(bytes), as<double>(bytes) + numbers.size(), numbers.begin(),
                     [](double number) { return static_cast<float>(number); });
      break;
    case DType::kFloat32:
      std::memcpy(numbers.data(), bytes.data(), bytes.size());
      break;
    case DType::kFloat16:
      std::transform(as<std::uint16_t>(bytes), as<std::uint16_t>(bytes) + numbers.size(), numbers.begin(),
                     float16_to_float);
      break;
    case DType::kBFloat16:
      std::transform(as<std::uint16_t>(bytes), as<std::uint16_t>(bytes) + numbers.size(), numbers.begin(),
                     bfloat16_to_float);
      break;
    default:
      fail("has weights of {}", dtype_name(dtype));
  }
  return numbers;
}

std::vector<std::byte> from_floats(const std::vector<float>& numbers, DType dtype) {
  std::vector<std::byte> bytes(numbers.size() * dtype_bytes(dtype));
  switch (dtype) {
    case DType::kFloat64:
      std::copy(numbers.begin(), numbers.end(), reinterpret_cast<double*>(bytes.data()));
      break;
    case DType::kFloat32:
      std::memcpy(bytes.data(), numbers.data(), bytes.size());
      break;
    case DType::kFloat16:
      std::transform(numbers.begin(), numbers.end(), reinterpret_cast<std::uint16_t*>(bytes.data()), float_to_float16);
      break;
    case DType::kBFloat16:
      std::transform(numbers.begin(), numbers.end(), reinterpret_cast<std::uint16_t*>(bytes.data()), float_to_bfloat16);
      break;
    default:
      fail("cannot be converted to {}", dtype_name(dtype));
  }
  return bytes;
}

std::vector<std::byte> joined(const Source& source) {
  std::vector<std::byte> bytes;
  for (const TensorView& part : source.parts) {
    const std::vector<std::byte> more = raw_elements(part);
    bytes.insert(bytes.end(), more.begin(), more.end());
  }
  return bytes;
}

// [rows, columns] to [columns, rows].
std::vector<std::byte> transposed(const std::vector<std::byte>& bytes, std::int64_t rows, std::int64_t columns) {
  std::vector<std::byte> result(bytes.size());
  const std::size_t item = bytes.size() / static_cast<std::size_t>(rows * columns);
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t column = 0; column < columns; ++column) {
      std::memcpy(result.data() + static_cast<std::size_t>(column * rows + row) * item,
                  bytes.data() + static_cast<std::size_t>(row * columns + column) * item, item);
    }
  }
  return result;
}

template <typename T>
std::vector<T> list_of(const TensorView& view) {
  const std::vector<std::byte> bytes = raw_elements(view);
  return {as<T>(bytes), as<T>(bytes) + bytes.size() / sizeof(T)};
}

std::vector<float> dequantized(const Source& source) {
  const TensorView& values = source.parts.front();
  if (!source.scales->zero) {
    return dequantize(Int8Matrix{list_of<std::int8_t>(values), list_of<float>(source.scales->scale)});
  }
  return dequantize(Int4Matrix{list_of<std::uint8_t>(values), list_of<std::uint16_t>(source.scales->scale),
                               list_of<std::uint16_t>(*source.scales->zero)});
}

}  // namespace

bool is_float(DType dtype) {
  return dtype == DType::kFloat64 || dtype == DType::kFloat32 || dtype == DType::kFloat16 || dtype == DType::kBFloat16;
}

std::vector<std::int64_t> shape_of(const Source& source) {
  std::vector<std::int64_t> shape = source.parts.front().shape;
  for (std::size_t i = 1; i < source.parts.size(); ++i) shape.front() += source.parts[i].shape.front();
  if (source.scales && source.scales->zero) shape.back() *= 2;
  if (source.transposed) std::swap(shape[0], shape[1]);
  return shape;
}

std::vector<std::byte> raw_elements(const TensorView& view) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(view.elements()) * dtype_bytes(view.dtype));
  if (view.contiguous()) {
    if (!bytes.empty()) std::memcpy(bytes.data(), view.data, bytes.size());
    return bytes;
  }
  std::byte* to = bytes.data();
  gather(view, 0, view.data, to);
  return bytes;
}

std::vector<std::byte> elements(const Source& source, DType dtype) {
  if (source.scales) return from_floats(dequantized(source), dtype);
  const bool same = std::all_of(source.parts.begin(), source.parts.end(),
                                [&](const TensorView& part) { return part.dtype == dtype; });
  if (!same) return from_floats(float_elements(source), dtype);
  std::vector<std::byte> bytes = joined(source);
  if (!source.transposed) return bytes;
  const std::vector<std::int64_t> shape = shape_of(source);
  return transposed(bytes, shape[1], shape[0]);
}

std::vector<float> float_elements(const Source& source) {
  if (source.scales) return dequantized(source);
  std::vector<std::byte> bytes;
  for (const TensorView& part : source.parts) {
    const std::vector<float> more = to_floats(raw_elements(part), part.dtype);
    const auto* first = reinterpret_cast<const std::byte*>(more.data());
    bytes.insert(bytes.end(), first, first + more.size() * sizeof(float));
  }
  if (source.transposed) {
    const std::vector<std::int64_t> shape = shape_of(source);
    bytes = transposed(bytes, shape[1], shape[0]);
  }
  return to_floats(bytes, DType::kFloat32);
}

}  // namespace pipit::weights
