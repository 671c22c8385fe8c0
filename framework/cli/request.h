// What the user asks for, as items.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "line_reader.h"
#include "pipit/pipeline.h"
#include "result_line.h"
#include "type.h"

namespace pipit::cli {

/// One item as it was asked for: its inputs, or why it has none, and what its line begins with.
struct Request {
  Inputs inputs;
  std::optional<ItemError> error;
  ItemFields fields;
};

/// Turns command-line pairs and input lines into requests.
class RequestReader {
 public:
  explicit RequestReader(const Pipeline& pipeline);

  /// Throws UsageError.
  Request from_pairs(const std::vector<std::pair<std::string, std::string>>& pairs) const;
  Request from_line(const LineReader::Line& line) const;

 private:
  const Type* type_of_input(std::string_view name) const;
  void add(Request& request, const std::string& name, const nlohmann::json& json) const;

  std::vector<std::string> names_;
  std::vector<Type> types_;
  std::vector<std::string> taken_;  // names that a result line has of its own
};

}  // namespace pipit::cli
