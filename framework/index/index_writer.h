// Writes an index: one process at a time, item by item.
//
//   IndexWriter writer("clips.index");             // takes the lock
//   if (writer.existing()) writer.go_on(settings); // adds to what is there
//   else writer.begin(settings);                   // a new one; with something there it takes its place
//   writer.begin_run(record, std::filesystem::current_path());
//   writer.add({.digest = digest, .rows = rows}); …
//   writer.finish();
//
// What was added is in the index from the next commit on, which comes by itself every few seconds (kCommitSeconds) or
// megabytes, wholly or not at all: a process that is killed leaves what the last commit left. Readers see commits only.
// Small segments are joined as they come, so that there are few however long a run takes. All functions are to be
// called from one thread at a time; what they throw as `output_failed` (a full disk) leaves the index as it was at the
// last commit.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "index/accelerator/tuning.h"
#include "index/index_folder.h"
#include "index/index_manifest.h"
#include "index/segment_writer.h"

namespace pipit {

/// A row to be added: a vector of the index's dimension, and a JSON object on one line that says what it is of:
/// {"path":"a.mp4","start_ms":0,"end_ms":4000}.
struct IndexRow {
  std::span<const float> vector;
  std::string fields;
};

/// What came of one item.
struct IndexItem {
  /// Its number; -1: the next one. One that was added before is replaced: what it gave must have been an error.
  std::int64_t item = -1;
  std::uint64_t digest = 0;    // of its inputs
  std::vector<IndexRow> rows;  // may be empty
  /// Of a failed item, which has no rows: a JSON object on one line with its inputs, {"path":"a.mp4"}, and one with
  /// what went wrong, {"node":"decode","code":"not_found","message":"…"}.
  std::string inputs;
  std::string error;
};

class IndexWriter {
 public:
  static constexpr std::chrono::seconds kCommitSeconds{5};
  static constexpr std::int64_t kCommitBytes = 64 << 20;
  /// Segments larger than this are not joined with others any more.
  static constexpr std::int64_t kLargestSegment = std::int64_t{256} << 20;

  /// Opens the folder, or makes it, and keeps other writers out: throws pipit::Error (`output_busy`) that names the
  /// process that writes; `output_failed`; `invalid_index` for a folder that holds something else, or an index that is
  /// damaged or of a newer format.
  explicit IndexWriter(const std::filesystem::path& path);
  /// What was not committed is gone; a folder that was made for it, too.
  ~IndexWriter();
  IndexWriter(const IndexWriter&) = delete;
  IndexWriter& operator=(const IndexWriter&) = delete;

  /// The index that is there; null: none yet.
  const IndexManifest* existing() const { return found_ ? &manifest_ : nullptr; }

  /// A new index. One that is there stays, and readable, until the first commit with an item, which puts the new one in
  /// its place.
  void begin(const IndexSettings& settings);
  /// Adds to the index that is there; pipeline and queries stay as they are. Throws pipit::Error (`invalid_input`) when
  /// space, dimension or dtype are others: what cannot be compared is never mixed.
  void go_on(const IndexSettings& settings);
  /// The items that follow are of a run that was made so, in this folder; kept for whoever resumes it.
  void begin_run(nlohmann::ordered_json record, const std::filesystem::path& folder);

  /// Throws as add() would for what it adds, and adds nothing.
  void check(const IndexItem& item) const;
  /// Adds an item wholly or throws pipit::Error: `invalid_output` (a vector of another dimension, with NaN or infinity,
  /// also when float16 makes it so, or of zeros; then nothing was added, and it may be added as a failed one),
  /// `output_failed`.
  void add(const IndexItem& item);
  /// What was added is in the index and on the disk.
  void commit();
  /// The last commit. Nothing can be added then.
  void finish();

  /// Both after go_on(), with nothing added since the last commit; done and on the disk when they return, and until
  /// then not begun, whatever happens. Throw pipit::Error (`output_failed`, `invalid_index`).
  ///
  /// Takes rows, by their numbers in Index, out of what is searched; gives how many were in it. Their bytes stay.
  std::int64_t remove(std::span<const std::int64_t> rows);
  /// Writes all rows that were not removed anew, and removes the segments that had them: numbers of rows change.
  /// Readers that have the index open keep what they opened.
  void compact();

  /// After go_on(), with nothing added since the last commit: makes an accelerator over all rows, measures it, and puts
  /// it in the place of the one that is there. `queries`: vectors of the index's dimension, one behind the other.
  /// Throws pipit::Error and leaves all as it was: `recall_too_low` when it cannot find the share of answers that the
  /// settings ask for with less work than a search without it, `invalid_argument`, `canceled`, `output_failed`,
  /// `invalid_index`.
  Tuning accelerate(std::span<const float> queries, const TuneSettings& settings);

  /// Items that have been added, those of earlier runs included: the next one's number.
  std::int64_t items() const { return manifest_.items; }
  /// Rows that this writer added whose numbers are all the same: a model that gives such vectors is broken.
  std::int64_t constant_rows() const { return constant_rows_; }
  /// A new index is begun and the one that was there has not been replaced yet.
  bool old_one_stays() const { return replaces_; }

 private:
  void require_folder() const;
  void note_named();
  void clear_leftovers() const;
  SegmentWriter& segment();
  std::string next_name(IndexManifest& manifest) const;
  void put(IndexManifest next);
  void clear_accelerators() const;
  IndexManifest::Segment join_small(IndexManifest& manifest, IndexManifest::Segment last) const;

  const std::filesystem::path path_;
  bool made_ = false;
  std::optional<IndexFolder> folder_;
  Descriptor lock_;
  bool found_ = false;
  bool replaces_ = false;
  bool changed_ = false;  // since the last commit
  bool unsure_ = false;   // which manifest is on the disk, since writing it failed
  IndexManifest manifest_;
  std::set<std::string> named_;    // segments that the manifest on the disk names, and
  std::string named_accelerator_;  // the accelerator; empty: none
  std::optional<IndexFolder> segments_;
  std::optional<SegmentWriter> segment_;  // being written
  std::chrono::steady_clock::time_point committed_;
  std::int64_t constant_rows_ = 0;
};

}  // namespace pipit
