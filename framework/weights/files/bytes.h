// Bytes of a file, and numbers read from them. Every reader takes its numbers through here, so none can read past the
// end.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "weights/files/fault.h"

namespace pipit::weights {

static_assert(std::endian::native == std::endian::little, "every container is little-endian, and is used in place");

using Bytes = std::span<const std::byte>;

inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// `size` bytes from `offset` on; both may be lies.
inline Bytes slice(Bytes bytes, std::uint64_t offset, std::uint64_t size, std::string_view what) {
  if (offset > bytes.size() || size > bytes.size() - offset) {
    damaged("{} would take {} bytes from byte {} on, where there are only {}", what, size, offset, bytes.size());
  }
  return bytes.subspan(offset, size);
}

template <typename T>
T load(Bytes bytes, std::uint64_t offset, std::string_view what) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, slice(bytes, offset, sizeof(T), what).data(), sizeof(T));
  return value;
}

}  // namespace pipit::weights
