// The files of one segment, as they are written.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "index/index_folder.h"
#include "index/index_manifest.h"

namespace pipit {

/// Rows and items of one segment. Nothing is part of an index until a manifest names it: what is left here by a process
/// that ended is cleared by the next one that writes.
class SegmentWriter {
 public:
  /// Makes `name` in the folder `segments`. Throws pipit::Error (`output_failed`), as everything here.
  SegmentWriter(const IndexFolder& segments, const std::string& name, const IndexSettings& settings);

  /// A vector of the settings' dimension and its line, with the line's end.
  void add_row(std::span<const float> vector, std::string_view line);
  void add_item(std::string_view line, bool failed);
  /// Rows as they stand in another segment of the same settings.
  void add_rows(std::span<const std::byte> vectors, std::string_view lines, std::int64_t rows, double largest_norm);
  void add_items(std::string_view lines, std::int64_t items, std::int64_t failed);

  std::int64_t bytes() const;
  /// Ends its files and gives them to the disk, their names included.
  IndexManifest::Segment finish();

 private:
  const IndexSettings& settings_;
  IndexFolder folder_;
  NewFile vectors_;
  NewFile rows_;
  NewFile items_;
  IndexManifest::Segment segment_;
  std::vector<std::uint16_t> halves_;  // of one row
};

}  // namespace pipit
