// What tensors hold, for comparing.
#pragma once

#include <doctest/doctest.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

#include "pipit/weights/clip_checkpoint.h"

/// The elements of a contiguous tensor.
template <typename T>
std::vector<T> numbers(const pipit::weights::TensorView& view) {
  std::vector<T> list(static_cast<std::size_t>(view.elements()));
  REQUIRE(view.contiguous());
  REQUIRE(sizeof(T) == dtype_bytes(view.dtype));
  if (!list.empty()) std::memcpy(list.data(), view.data, list.size() * sizeof(T));
  return list;
}

/// The same of a float16 tensor, by the compiler's arithmetic.
inline std::vector<float> floats_of_half(const pipit::weights::TensorView& view) {
  std::vector<float> list;
  for (std::uint16_t bits : numbers<std::uint16_t>(view)) {
    list.push_back(static_cast<float>(std::bit_cast<_Float16>(bits)));
  }
  return list;
}
