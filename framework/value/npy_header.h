// The header of an NPY file, NumPy's own format for one array:
//
//   6 bytes   "\x93NUMPY"
//   2 bytes   version, major and minor: 1.0, 2.0 or 3.0
//   2 bytes   length of the text that follows, little-endian; 4 bytes from version 2.0 on
//   text      a Python dictionary: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 512), }, then spaces and a
//             newline
//   the rest  the elements, row by row
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipit/dtype.h"

namespace pipit {

struct NpyHeader {
  /// The size of every header that text() makes, so that the count of rows can be set at the end.
  static constexpr std::size_t kWrittenBytes = 256;

  DType dtype = DType::kFloat32;
  std::int64_t rows = 0;
  std::vector<std::int64_t> shape;          // of one row
  std::size_t data_offset = kWrittenBytes;  // where the elements begin

  /// The bytes of one row.
  std::size_t row_bytes() const;
  /// Version 1.0, of kWrittenBytes.
  std::string text() const;

  /// Reads the header at the beginning of a file, of which `bytes` are enough to hold it. Nothing when it is not one,
  /// or one of an array that pipit does not read: elements that are not in DTypeInfo::numpy, columns first, or no
  /// dimension.
  static std::optional<NpyHeader> parse(std::string_view bytes);
};

}  // namespace pipit
