// What the user asks for, as items.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/output/result_line.h"
#include "pipit/pipeline.h"
#include "value/type.h"

namespace pipit::cli {

/// One item as it was asked for: its inputs, or why it has none, and what its line begins with.
struct Request {
  Inputs inputs;
  std::optional<ItemError> error;
  ItemFields fields;
};

/// Turns what stands in lines and tables, and on the command line, into requests. For one thread at a time.
class RequestReader {
 public:
  using Warn = std::function<void(const std::string& message)>;
  /// Says why a file may not be an input, or nothing.
  using Refuse = std::function<std::string(const std::string& file)>;

  RequestReader(const std::vector<ColumnInfo>& inputs, const std::vector<ColumnInfo>& outputs, Warn warn,
                Refuse refuse);

  const std::vector<std::string>& inputs() const { return names_; }

  /// `NAME=VALUE` of the command line. Throws UsageError.
  Request from_pairs(const std::vector<std::pair<std::string, std::string>>& pairs) const;
  /// A JSON object. Members that are not inputs are carried exactly as they were written. Whatever is wrong is the
  /// request's error, and so is memory that a line asks for and does not get.
  Request from_json(std::string_view text) const;
  /// The cells of a table's row; those that are not inputs are carried as text.
  Request from_cells(const std::vector<std::string>& header, const std::vector<std::string>& cells) const;
  /// The value of the pipeline's one input.
  Request from_text(const std::string& text) const;

  static Request failed(const std::string& message);

 private:
  const Type* type_of_input(std::string_view name) const;
  Value value_of_json(const std::string& name, std::string_view json) const;
  Value value_of_text(const std::string& name, const std::string& text) const;
  void check(Request& request) const;
  void add(Request& request, const std::string& name, Value value, std::string_view json) const;
  std::string carried_name(const std::string& name, const std::function<bool(const std::string&)>& is_there) const;

  std::vector<std::string> names_;
  std::vector<Type> types_;
  std::vector<std::string> taken_;  // names that a result line has of its own
  const Warn warn_;
  const Refuse refuse_;
  mutable std::set<std::string> warned_;
};

}  // namespace pipit::cli
