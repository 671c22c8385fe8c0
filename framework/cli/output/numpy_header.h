// The header of a NumPy array in a file, version 1.0 of the format.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pipit/value.h"

namespace pipit::cli {

struct NumpyHeader {
  /// Of fixed size, so that the count of rows can be set at the end.
  static constexpr std::size_t kBytes = 256;

  DType dtype = DType::kFloat32;
  std::int64_t rows = 0;
  std::vector<std::int64_t> shape;  // of one row

  std::size_t row_bytes() const;
  std::string text() const;
  /// Reads what text() made. Throws pipit::Error (`invalid_input`) that starts with `place`.
  static NumpyHeader parse(std::string_view bytes, const std::string& place);
};

}  // namespace pipit::cli
