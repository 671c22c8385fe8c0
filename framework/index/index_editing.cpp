// Taking rows out of an index: first out of sight, then off the disk.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "index/index.h"
#include "index/index_array.h"
#include "index/index_writer.h"
#include "index/search/row_fields.h"
#include "pipit/error.h"

namespace pipit {
namespace {

/// As the bytes of an NPY file.
std::string list_of(const std::vector<std::int64_t>& rows) {
  return array_header({DType::kInt64, std::ssize(rows)}) +
         std::string(reinterpret_cast<const char*>(rows.data()), rows.size() * sizeof(std::int64_t));
}

/// An item's line with another count of rows.
std::string item_line(const IndexItemLine& item, std::int64_t rows) {
  if (item.failed()) {
    return fmt::format("{{\"item\":{},\"digest\":\"{:016x}\",\"inputs\":{},\"error\":{}}}\n", item.item, item.digest,
                       item.inputs, item.error);
  }
  return fmt::format("{{\"item\":{},\"digest\":\"{:016x}\",\"rows\":{}}}\n", item.item, item.digest, rows);
}

}  // namespace

std::int64_t IndexWriter::remove(std::span<const std::int64_t> rows) {
  IndexManifest next = manifest_;
  ++next.generation;
  const std::string name = fmt::format("removed-{:06}.npy", next.generation);
  std::int64_t first = 0;
  std::int64_t count = 0;
  for (IndexManifest::Segment& segment : next.segments) {
    const IndexSegment is(*segments_, segment, next.settings);
    std::vector<std::int64_t> removed(is.removed().begin(), is.removed().end());
    for (const std::int64_t row : rows) {
      if (row >= first && row < first + segment.rows) removed.push_back(row - first);
    }
    first += segment.rows;
    std::ranges::sort(removed);
    removed.erase(std::ranges::unique(removed).begin(), removed.end());
    if (std::ssize(removed) == segment.removed) continue;
    count += std::ssize(removed) - segment.removed;
    NewFile file = segments_->inner(segment.name).make_file(name);
    file.write(list_of(removed));
    std::string sum = file.finish();
    segments_->inner(segment.name).sync();
    segment.files.erase(segment.removed_file());
    segment.files[name] = {file.bytes(), std::move(sum)};
    segment.removed = std::ssize(removed);
  }
  if (count > 0) put(std::move(next));
  return count;
}

void IndexWriter::compact() {
  const Index index = Index::open(path_);
  std::map<std::int64_t, std::int64_t> left;  // rows by item
  IndexManifest next = manifest_;
  next.segments.clear();
  next.accelerator.reset();  // its rows have other numbers
  std::optional<SegmentWriter> into;
  const auto end_segment = [&] {
    if (into) next.segments.push_back(into->finish());
    into.reset();
  };
  for (std::int64_t row = 0; row < index.rows(); ++row) {
    const Index::Place at = index.place(row);
    const IndexSegment& segment = index.segments()[at.segment];
    if (segment.is_removed(at.row)) continue;
    if (into && into->bytes() >= kLargestSegment) end_segment();
    if (!into) into.emplace(*segments_, next_name(next), next.settings);
    const std::string line = std::string(index.line(row)) + "\n";
    into->add_rows(index.vector(row), line, 1, segment.manifest().largest_norm);
    ++left[RowFields(line).item()];
  }
  for (const IndexItemLine& item : index.items()) {
    // One whose rows were all taken out is gone too; one that failed, or gave none, is not.
    const std::int64_t rows = left.contains(item.item) ? left[item.item] : 0;
    if (item.rows > 0 && rows == 0) continue;
    if (!into) into.emplace(*segments_, next_name(next), next.settings);
    into->add_item(item_line(item, rows), item.failed());
  }
  end_segment();
  ++next.generation;
  segments_->sync();
  put(std::move(next));
}

}  // namespace pipit
