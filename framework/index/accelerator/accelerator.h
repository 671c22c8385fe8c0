// The accelerator of an index: derived data by which a search looks at few rows instead of all.
//
//   DIR.index/accelerators/NNNNNN/   NNNNNN: the generation that brought it
//     codes.npy     int8 [rows, dimension]: the rows, see row_codes.h
//     scales.npy    float32 [rows]
//     links.npy     int32 [rows, width]: rows that are near to a row; -1: no more of them
//     starts.npy    int32 [count]: where a search begins
//
// It covers the index's first rows; what was added since is searched without it. It only chooses rows: their scores
// are formed from the rows themselves, so that a score is always right, and what may go wrong is that a row is missed.
// How often that was the case is measured as it is made, and stands in the manifest. Nothing in the files is believed:
// a link out of the rows is an error when it is met.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "index/accelerator/neighbour_graph.h"
#include "index/index_array.h"
#include "index/index_folder.h"
#include "index/index_manifest.h"

namespace pipit {

class Accelerator {
 public:
  static constexpr const char* kFolder = "accelerators";
  static constexpr const char* kFiles[] = {"codes.npy", "links.npy", "scales.npy", "starts.npy"};

  /// Opens the files that the manifest names and checks their sizes and headers. Throws pipit::Error
  /// (`invalid_index`).
  Accelerator(const IndexFolder& index, const IndexManifest& manifest);

  const IndexManifest::Accelerator& manifest() const { return manifest_; }
  std::int64_t rows() const { return manifest_.rows; }

  /// With more effort than this a search takes about as long as one that looks at all rows: some neighbours are met for
  /// each row that is looked at closely.
  std::int64_t most_effort() const { return rows() / 16; }

  /// At most `count` of the first rows() rows of the index, those that seem to have the largest inner products with
  /// the query, in no order: of `effort` rows that were looked at closely, at least `count`. Rows with a flag in
  /// `without`, which has one for each or is empty, are not among them. Throws pipit::Error (`invalid_index`). May be
  /// called from several threads.
  std::vector<std::int64_t> near(std::span<const float> query, std::int64_t count, std::int64_t effort,
                                 std::span<const char> without) const;

 private:
  void require_rows(std::span<const std::int32_t> rows, std::int32_t least, const char* file) const;

  IndexFolder folder_;
  IndexManifest::Accelerator manifest_;
  IndexArray codes_;
  IndexArray scales_;
  IndexArray links_;
  IndexArray starts_;
};

}  // namespace pipit
