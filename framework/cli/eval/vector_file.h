// Vectors with their labels, read back from what `pipit run` wrote.
#pragma once

#include <string>
#include <vector>

namespace pipit::cli {

struct Vectors {
  struct Row {
    std::string label;  // what its line says of itself; of several rows of one line also which, "a.mp4 [2]"
    std::vector<float> values;
  };
  std::vector<Row> rows;
  std::size_t failed = 0;  // lines that are errors; they have no row
  std::string file;
  std::string space;  // that they lie in, as the record beside the file says; empty: it is not known

  /// Reads FILE.jsonl, or FILE.npy with FILE.npy.jsonl beside it, if that is there. The vector is the one field that is
  /// a list of numbers, or a list of such lists, or `column`. `labels`: the fields that name a line, the best first.
  /// Throws pipit::Error (`not_found`, `invalid_input`): the place, what was expected and found. All rows have one
  /// size.
  static Vectors read(const std::string& file, const std::string& column, const std::vector<std::string>& labels);
};

/// The cosine of two vectors of one size; 0 if one has no length.
double cosine(const std::vector<float>& a, const std::vector<float>& b);
double norm(const std::vector<float>& a);

}  // namespace pipit::cli
