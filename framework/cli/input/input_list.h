// The items of a run, one after the other, in whatever form they were given.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/input/input_source.h"
#include "cli/input/request.h"

namespace pipit::cli {

/// One item as it stands in its list.
struct InputItem {
  std::int64_t line = 0;                              // that it begins in; 0: it has none
  std::string text;                                   // a line, or a file's name
  std::vector<std::string> cells;                     // of a table's row
  std::string fault;                                  // why there is no item, "is longer than 16 MiB"
  const std::vector<std::string>* columns = nullptr;  // of a table's row: what the cells are called

  /// Tells apart what stands there, for a run that goes on. Not made to withstand an enemy.
  std::uint64_t digest() const;
};

class InputList {
 public:
  virtual ~InputList() = default;

  /// Nothing at the end or after stop(). Throws pipit::Error (`input_failed`) when the list cannot be read to its end.
  virtual std::optional<InputItem> next() = 0;
  virtual Request request(const InputItem& item) const = 0;
  /// Ends next(), also one that is waiting. May be called from any thread.
  virtual void stop() {}

  /// A list in the form that its name or its beginning tells; reads the first line. The list and `requests` must live
  /// as long. Throws pipit::Error (`invalid_input`) when it is none that this pipeline can take.
  static std::unique_ptr<InputList> open(InputSource source, const RequestReader& requests);
  /// The one item of the command line's `NAME=VALUE`. Throws UsageError.
  static std::unique_ptr<InputList> of_pairs(const std::vector<std::pair<std::string, std::string>>& pairs,
                                             const RequestReader& requests);
  /// How many items a file, a folder or a pattern has; nothing for a pipe. Reads it through.
  static std::optional<std::int64_t> count(const std::string& name, const RequestReader& requests);
};

}  // namespace pipit::cli
