#include "index/index_array.h"

#include <fmt/format.h>

#include "value/npy_header.h"

namespace pipit {

IndexArray::IndexArray(const IndexFolder& folder, const std::string& name, std::int64_t bytes,
                       const IndexArrayShape& shape)
    : file_(folder.map(name, bytes)) {
  const auto header = NpyHeader::parse(file_.text());
  const std::string shown = fmt::format("'{}'", folder.shown(name));
  if (!header) folder.damaged(fmt::format("{} has no header of an array", shown));
  if (header->dtype != shape.dtype || header->rows != shape.rows || header->shape != shape.row) {
    folder.damaged(fmt::format("the header of {} says another array than 'manifest.json' does", shown));
  }
  // Rows and dimensions are bounded by the manifest, so that nothing overflows here.
  const auto size = static_cast<std::size_t>(shape.rows) * header->row_bytes();
  if (file_.bytes().size() - header->data_offset != size) {
    folder.damaged(fmt::format("{} has {} bytes of numbers, and its header says {}", shown,
                               file_.bytes().size() - header->data_offset, size));
  }
  data_offset_ = header->data_offset;
}

std::string array_header(const IndexArrayShape& shape) {
  NpyHeader header;
  header.dtype = shape.dtype;
  header.rows = shape.rows;
  header.shape = shape.row;
  return header.text();
}

}  // namespace pipit
