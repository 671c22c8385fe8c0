// Where results go: JSON lines, or a NumPy array with JSON lines beside it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pipit/pipeline.h"

namespace pipit::cli {

/// What an item's line begins with, whatever becomes of it: JSON text of fields, each with a comma in front.
struct ItemFields {
  std::string carried;  // fields of the input line that are no inputs
  std::string inputs;   // the item's inputs, for an error line
};

class ResultWriter {
 public:
  /// "-" is standard output; a name that ends in ".npy" makes an array. Opens for writing and leaves what is there
  /// until begin(). Throws pipit::Error (`output_failed`).
  static std::unique_ptr<ResultWriter> open(const std::string& file);
  virtual ~ResultWriter() = default;

  /// The pipeline is ready: throws pipit::Error (`invalid_pipeline`) when its outputs cannot be written in this form.
  /// Empties the file.
  virtual void begin(const std::vector<ColumnInfo>& outputs) = 0;
  /// Writes one item; one that cannot be written in this form gets an error. Throws pipit::Error (`output_failed`);
  /// nothing but whole lines is ever left in the file.
  virtual void write(Result& result, const ItemFields& fields) = 0;
  /// All is written: makes the file whole.
  virtual void finish() = 0;
};

}  // namespace pipit::cli
