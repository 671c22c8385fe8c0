// What --inputs names, found and opened; how it is read is decided when the pipeline is known.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/input/line_reader.h"

namespace pipit::cli {

struct InputSource {
  enum class Kind { kFolder, kPattern, kLines };

  std::string name;
  Kind kind = Kind::kLines;
  std::vector<std::string> files;     // of a folder or a pattern
  std::unique_ptr<LineReader> lines;  // of a file or standard input

  /// Throws pipit::Error (`not_found`, `invalid_input`), UsageError for a URL.
  static InputSource open(const std::string& name);
};

}  // namespace pipit::cli
