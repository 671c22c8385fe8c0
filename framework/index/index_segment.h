// One segment of an index, mapped.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "index/index_array.h"
#include "index/index_folder.h"
#include "index/index_manifest.h"

namespace pipit {

class IndexSegment {
 public:
  /// Opens the files that the manifest names and checks their sizes and headers; sums are verify_index's affair. Throws
  /// pipit::Error (`invalid_index`).
  IndexSegment(const IndexFolder& segments, const IndexManifest::Segment& segment, const IndexSettings& settings);

  const IndexManifest::Segment& manifest() const { return manifest_; }
  std::int64_t rows() const { return manifest_.rows; }
  /// All rows, one behind the other: float32 or float16, as the settings say, [rows, dimension].
  std::span<const std::byte> vectors() const { return vectors_.bytes(); }
  /// The rows' lines, each with its end.
  std::string_view lines() const { return rows_.text(); }
  std::string_view item_lines() const { return items_.text(); }
  /// Rows that were removed, ascending.
  std::span<const std::int64_t> removed() const { return removed_; }
  bool is_removed(std::int64_t row) const;

 private:
  void read_removed(const IndexFolder& folder);

  IndexManifest::Segment manifest_;
  IndexArray vectors_;
  MappedFile rows_;
  MappedFile items_;
  std::vector<std::int64_t> removed_;
};

/// Calls `visit` with each line of a text, without its end, until it returns false. A last line without an end is left
/// out.
template <class Visit>
void visit_lines(std::string_view text, Visit&& visit) {
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    if (!visit(text.substr(0, end))) return;
    text.remove_prefix(end + 1);
  }
}

}  // namespace pipit
