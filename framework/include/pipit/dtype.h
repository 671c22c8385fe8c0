// Element types of tensors: one table of what each format calls them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pipit {

enum class DType { kFloat64, kFloat32, kFloat16, kBFloat16, kInt64, kInt32, kInt16, kInt8, kUInt8, kBool };

struct DTypeInfo {
  DType dtype;
  std::size_t bytes;             // of one element
  std::uint8_t dlpack;           // DLPack's type code
  std::string_view name;         // in the types of ports: "f32"
  std::string_view torch;        // PyTorch's name: "float32"
  std::string_view storage;      // PyTorch's storage class in a pickle: "FloatStorage"
  std::string_view safetensors;  // in a safetensors header: "F32"
  std::string_view numpy;        // in the header of an NPY file, little-endian: "<f4"
};

/// By the enum's value. NumPy has no bfloat16: its bits are stored as "<u2".
inline constexpr DTypeInfo kDTypes[] = {
    {DType::kFloat64, 8, 2, "f64", "float64", "DoubleStorage", "F64", "<f8"},
    {DType::kFloat32, 4, 2, "f32", "float32", "FloatStorage", "F32", "<f4"},
    {DType::kFloat16, 2, 2, "f16", "float16", "HalfStorage", "F16", "<f2"},
    {DType::kBFloat16, 2, 4, "bf16", "bfloat16", "BFloat16Storage", "BF16", "<u2"},
    {DType::kInt64, 8, 0, "i64", "int64", "LongStorage", "I64", "<i8"},
    {DType::kInt32, 4, 0, "i32", "int32", "IntStorage", "I32", "<i4"},
    {DType::kInt16, 2, 0, "i16", "int16", "ShortStorage", "I16", "<i2"},
    {DType::kInt8, 1, 0, "i8", "int8", "CharStorage", "I8", "|i1"},
    {DType::kUInt8, 1, 1, "u8", "uint8", "ByteStorage", "U8", "|u1"},
    {DType::kBool, 1, 6, "bool", "bool", "BoolStorage", "BOOL", "|b1"},
};

constexpr const DTypeInfo& dtype_info(DType dtype) {
  return kDTypes[static_cast<std::size_t>(dtype)];
}

constexpr std::size_t dtype_bytes(DType dtype) {
  return dtype_info(dtype).bytes;
}
/// "float32", "bfloat16", …: PyTorch's names, for messages.
constexpr std::string_view dtype_name(DType dtype) {
  return dtype_info(dtype).torch;
}

/// The type that a format calls so: find_dtype(&DTypeInfo::numpy, "<f4").
constexpr std::optional<DType> find_dtype(std::string_view DTypeInfo::*name, std::string_view text) {
  for (const DTypeInfo& info : kDTypes) {
    if (info.*name == text) return info.dtype;
  }
  return std::nullopt;
}

}  // namespace pipit
