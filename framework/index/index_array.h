// One array of an index: an NPY file, mapped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "index/index_folder.h"
#include "pipit/dtype.h"

namespace pipit {

/// What a manifest says of an array.
struct IndexArrayShape {
  DType dtype;
  std::int64_t rows;
  std::vector<std::int64_t> row{};  // the shape of one
};

class IndexArray {
 public:
  IndexArray() = default;
  /// A file of `bytes`, whose header must say the shape. Throws pipit::Error (`invalid_index`).
  IndexArray(const IndexFolder& folder, const std::string& name, std::int64_t bytes, const IndexArrayShape& shape);

  /// The elements, row by row.
  std::span<const std::byte> bytes() const { return file_.bytes().subspan(data_offset_); }
  /// The same; `Number` is what the shape's type stands for.
  template <class Number>
  std::span<const Number> numbers() const {
    return {reinterpret_cast<const Number*>(bytes().data()), bytes().size() / sizeof(Number)};
  }

 private:
  MappedFile file_;
  std::size_t data_offset_ = 0;
};

/// What the file of such an array begins with; always of the same length.
std::string array_header(const IndexArrayShape& shape);

}  // namespace pipit
