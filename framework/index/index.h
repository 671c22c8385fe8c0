// An index that is read: the state that one manifest names, whatever is written meanwhile. Files are mapped, so that a
// query reads what it needs and processes share their pages. All functions may be called from several threads at once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "index/index_manifest.h"
#include "index/index_segment.h"
#include "pipit/error.h"

namespace pipit {

class Accelerator;

/// What came of one item.
struct IndexItemLine {
  std::int64_t item = 0;
  std::uint64_t digest = 0;
  std::int64_t rows = 0;
  std::string inputs;  // of one that failed: a JSON object, and
  std::string error;   // {"node":…,"code":…,"message":…}; else empty

  bool failed() const { return !error.empty(); }
};

class Index {
 public:
  /// Opens every file and checks sizes and headers. Throws pipit::Error: `not_found`; `invalid_index` for one that is
  /// damaged or of a newer format.
  static Index open(const std::filesystem::path& path);
  Index(Index&&) noexcept;
  Index& operator=(Index&&) noexcept;
  ~Index();

  const std::filesystem::path& path() const { return path_; }
  const IndexManifest& manifest() const { return manifest_; }
  const IndexSettings& settings() const { return manifest_.settings; }
  const std::vector<IndexSegment>& segments() const { return segments_; }
  /// Rows are numbered in the order of the segments, removed ones included.
  std::int64_t rows() const { return first_rows_.back(); }

  /// The accelerator that the manifest names; null: none. Throws pipit::Error (`invalid_index`) when it is damaged: the
  /// rest of the index is good without it.
  const Accelerator* accelerator() const;

  /// Which segment a row is in, and its number there.
  struct Place {
    std::size_t segment;
    std::int64_t row;
  };
  Place place(std::int64_t row) const;
  /// The number of a segment's first row.
  std::int64_t first_row(std::size_t segment) const { return first_rows_[segment]; }
  /// The row's JSON object, without the line's end. Throws pipit::Error (`invalid_index`) when its segment has other
  /// lines than rows.
  std::string_view line(std::int64_t row) const;
  /// Its numbers, as they are stored.
  std::span<const std::byte> vector(std::int64_t row) const;

  /// Every item's last line, by its number; items that were removed are left out. Throws pipit::Error
  /// (`invalid_index`).
  std::vector<IndexItemLine> items() const;

 private:
  struct LineEnds;

  Index(std::filesystem::path path, const IndexFolder& folder, IndexManifest manifest);

  std::filesystem::path path_;
  IndexManifest manifest_;
  std::vector<IndexSegment> segments_;
  std::unique_ptr<Accelerator> accelerator_;
  std::optional<Error> accelerator_fault_;
  std::vector<std::int64_t> first_rows_;  // of the segments; behind them the count
  std::unique_ptr<LineEnds> line_ends_;   // found when they are first asked for
};

}  // namespace pipit
