#include "index/index_segment.h"

#include <fmt/format.h>

#include <algorithm>

namespace pipit {

IndexSegment::IndexSegment(const IndexFolder& segments, const IndexManifest::Segment& segment,
                           const IndexSettings& settings)
    : manifest_(segment) {
  const IndexFolder folder = segments.inner(segment.name);
  const auto bytes = [&](const char* name) { return segment.files.at(name).bytes; };
  vectors_ =
      IndexArray(folder, "vectors.npy", bytes("vectors.npy"), {settings.dtype, segment.rows, {settings.dimension}});
  rows_ = folder.map("rows.jsonl", bytes("rows.jsonl"));
  items_ = folder.map("items.jsonl", bytes("items.jsonl"));
  if (segment.removed > 0) read_removed(folder);
}

void IndexSegment::read_removed(const IndexFolder& folder) {
  const std::string name = manifest_.removed_file();
  const IndexArray list(folder, name, manifest_.files.at(name).bytes, {DType::kInt64, manifest_.removed});
  const auto rows = list.numbers<std::int64_t>();
  removed_.assign(rows.begin(), rows.end());
  const bool ascending = std::ranges::adjacent_find(removed_, std::greater_equal<>()) == removed_.end();
  if (!ascending || removed_.front() < 0 || removed_.back() >= manifest_.rows) {
    folder.damaged(fmt::format("'segments/{}/{}' is not a list of rows in their order", manifest_.name, name));
  }
}

bool IndexSegment::is_removed(std::int64_t row) const {
  return std::ranges::binary_search(removed_, row);
}

}  // namespace pipit
