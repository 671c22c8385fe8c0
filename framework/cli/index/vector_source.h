// Vectors that were made elsewhere or earlier, with what is said of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pipit/dtype.h"

namespace pipit::cli {

/// What came of one item.
struct SourceItem {
  struct Row {
    std::vector<float> vector;
    std::string fields;  // a JSON object on one line
  };
  std::vector<Row> rows;
  std::string inputs;  // of one that failed, a JSON object; its error likewise, else empty
  std::string error;
};

/// Items one by one, in their order; arrays are mapped, so that memory does not grow with them.
class VectorSource {
 public:
  /// What `path` is: OUT.jsonl or OUT.npy with OUT.npy.jsonl, as pipit run and pipit index export write them; another
  /// array of [rows, numbers], float32 or float16, whose rows have nothing said of them but their number; or a folder
  /// of clip-retrieval: KIND_emb/KIND_emb_N.npy with metadata/metadata_N.jsonl where it is there, `kind` being "img" or
  /// "text". `column`: the field of JSON lines that is the vector, where several could be. Throws pipit::Error
  /// (`not_found`, `invalid_input`).
  static std::unique_ptr<VectorSource> open(const std::string& path, const std::string& kind,
                                            const std::string& column);
  virtual ~VectorSource() = default;

  /// Nothing at the end. Throws pipit::Error (`invalid_input`) that names the file and the line.
  virtual std::optional<SourceItem> next() = 0;
  /// Of the numbers as they are stored.
  virtual DType dtype() const = 0;
  /// That the vectors lie in, as the record beside the file says; empty: it is not known.
  virtual std::string space() const { return ""; }
};

}  // namespace pipit::cli
