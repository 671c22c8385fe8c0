#include "index/index_segment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "value/npy_header.h"

namespace pipit {

IndexSegment::IndexSegment(const IndexFolder& segments, const IndexManifest::Segment& segment,
                           const IndexSettings& settings)
    : manifest_(segment) {
  const IndexFolder folder = segments.inner(segment.name);
  const auto map = [&](const char* name) { return folder.map(name, segment.files.at(name).bytes); };
  vectors_ = map("vectors.npy");
  rows_ = map("rows.jsonl");
  items_ = map("items.jsonl");
  check_header(folder, settings);
  if (segment.removed > 0) read_removed(folder);
}

void IndexSegment::check_header(const IndexFolder& folder, const IndexSettings& settings) {
  const auto header = NpyHeader::parse(vectors_.text());
  const std::string name = fmt::format("'segments/{}/vectors.npy'", manifest_.name);
  if (!header) folder.damaged(fmt::format("{} has no header of an array", name));
  if (header->dtype != settings.dtype || header->rows != manifest_.rows ||
      header->shape != std::vector<std::int64_t>{settings.dimension}) {
    folder.damaged(fmt::format("the header of {} says another array than '{}' does", name, IndexManifest::kFile));
  }
  // Rows and dimensions are bounded, so that nothing overflows here.
  const auto size = static_cast<std::size_t>(manifest_.rows) * header->row_bytes();
  if (vectors_.bytes().size() - header->data_offset != size) {
    folder.damaged(fmt::format("{} has {} bytes of numbers, and its header says {}", name,
                               vectors_.bytes().size() - header->data_offset, size));
  }
  data_offset_ = header->data_offset;
}

void IndexSegment::read_removed(const IndexFolder& folder) {
  const std::string name = manifest_.removed_file();
  const MappedFile file = folder.map(name, manifest_.files.at(name).bytes);
  const auto header = NpyHeader::parse(file.text());
  const auto count = static_cast<std::size_t>(manifest_.removed);
  if (!header || header->dtype != DType::kInt64 || !header->shape.empty() || header->rows != manifest_.removed ||
      file.bytes().size() - header->data_offset != count * sizeof(std::int64_t)) {
    folder.damaged(fmt::format("'segments/{}/{}' is not a list of {} rows", manifest_.name, name, count));
  }
  removed_.resize(count);
  std::memcpy(removed_.data(), file.bytes().data() + header->data_offset, count * sizeof(std::int64_t));
  const bool ascending = std::ranges::adjacent_find(removed_, std::greater_equal<>()) == removed_.end();
  if (!ascending || removed_.front() < 0 || removed_.back() >= manifest_.rows) {
    folder.damaged(fmt::format("'segments/{}/{}' is not a list of rows in their order", manifest_.name, name));
  }
}

bool IndexSegment::is_removed(std::int64_t row) const {
  return std::ranges::binary_search(removed_, row);
}

}  // namespace pipit
