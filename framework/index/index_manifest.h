// What an index says of itself: the file `manifest.json` in its folder.
//
//   DIR.index/
//     manifest.json            what follows; replaced at once and wholly, when all that it names is on the disk
//     lock                     empty; whoever writes holds the lock of this file
//     segments/NNNNNN/         rows that were added together; never changed. NNNNNN: the generation that brought it
//       vectors.npy            NumPy's format 1.0: float32 or float16, [rows, dimension], the header of 256 bytes
//       rows.jsonl             a JSON object a row: {"item":0,"path":"a.mp4","start_ms":0,"end_ms":4000}
//       items.jsonl            a JSON object an item: {"item":0,"digest":"0123456789abcdef","rows":3}, or of one that
//                              failed {"item":1,"digest":…,"inputs":{"path":"b.mp4"},"error":{"node":…,"code":…,
//                              "message":…}}. Of several lines of one item the last one counts: it was tried again
//       removed-NNNNNN.npy     int64, numbers of the segment's rows that were removed, ascending; not always there
//
// manifest.json is a JSON object of these members, in this order:
//
//   pipit_index   1, the format
//   space         which vectors can be compared with these
//   dimension     of a vector
//   dtype         "float32" or "float16"
//   vector        the pipeline's output that the vectors were
//   pipeline      what made them, as Pipeline::describe() says it
//   queries       {"text": {"file": …, "text": YAML, "folder": …, "set": [[NODE.ARG, VALUE], …]}, "image": …,
//                   "video": …}: the pipelines that give a query's vector
//   runs          [{"first_item": 0, "folder": …, "record": {…}}, …]: where each run's relative paths start, and what
//   it
//                   was made with
//   generation    counts what was written: one more each time
//   items         how many items have a line, or had one before it was removed: the next one's number
//   segments      [{"name": "000001", "rows": 3, "items": 2, "failed": 0, "removed": 0, "largest_norm": 1.0,
//                   "files": {"vectors.npy": {"bytes": 6400, "sha256": …}, …}}, …] in the order of their rows
//   accelerator   {"name": "000007", "rows": 200000, "width": 32, "starts": 812, "effort": 64, "k": 10, "recall":
//   0.991,
//                   "queries": 200, "files": {"codes.npy": …}}; only when there is one, see accelerator/accelerator.h
//   sha256        of all bytes of manifest.json before this member's line
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "index/index_folder.h"
#include "pipit/dtype.h"

namespace pipit {

/// A pipeline of one input that gives a query's vector. It is kept as text, so that an index answers when the file has
/// moved; only weights are found by their paths.
struct QueryPipeline {
  std::string file;                                      // where it was read, absolute; for messages
  std::string text;                                      // the YAML
  std::string folder;                                    // where its relative paths start, absolute
  std::vector<std::pair<std::string, std::string>> set;  // {"vars.weights", "/models/w.pt"}, as Options::set
};

/// What all rows of an index have in common.
struct IndexSettings {
  std::string space;
  std::int64_t dimension = 0;
  DType dtype = DType::kFloat32;  // or kFloat16
  std::string vector;             // the name of the output
  nlohmann::ordered_json pipeline;
  std::map<std::string, QueryPipeline> queries;  // "text", "image", "video"
};

struct IndexManifest {
  static constexpr const char* kFile = "manifest.json";
  static constexpr int kFormat = 1;

  struct Sum {
    std::int64_t bytes = 0;
    std::string sha256;
  };
  struct Segment {
    std::string name;
    std::int64_t rows = 0;     // removed ones included
    std::int64_t items = 0;    // lines
    std::int64_t failed = 0;   // of them
    std::int64_t removed = 0;  // rows
    double largest_norm = 0;   // of a row
    std::map<std::string, Sum> files;

    std::int64_t bytes() const;
    /// Of the removed rows; empty when there are none.
    std::string removed_file() const;
  };
  /// Of the first rows; see accelerator/accelerator.h.
  struct Accelerator {
    std::string name;
    std::int64_t rows = 0;    // removed ones included
    std::int64_t width = 0;   // links of a row
    std::int64_t starts = 0;  // rows where a search begins
    /// Rows that a search for `k` answers looks at closely, and the share of the right answers that it then found, over
    /// so many queries.
    std::int64_t effort = 0;
    std::int64_t k = 0;
    double recall = 0;
    std::int64_t queries = 0;
    std::map<std::string, Sum> files;
  };
  struct Run {
    std::int64_t first_item = 0;
    std::string folder;  // in which it was started, absolute: relative paths among the rows' fields start there
    nlohmann::ordered_json record;
  };

  IndexSettings settings;
  std::vector<Run> runs;
  std::int64_t generation = 0;
  std::int64_t items = 0;
  std::vector<Segment> segments;
  std::optional<Accelerator> accelerator;

  std::int64_t rows() const;  // without the removed ones

  std::string text() const;
  /// Reads and checks it, its sum included. Throws pipit::Error: `not_found` when the folder holds no index,
  /// `invalid_index` when the manifest is damaged or of a newer format.
  static IndexManifest read(const IndexFolder& folder);
  /// In place of the one that is there.
  void write(const IndexFolder& folder) const { folder.replace(kFile, text()); }
};

}  // namespace pipit
