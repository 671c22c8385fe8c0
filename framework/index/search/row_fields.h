// What the line of an index's row says of itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "value/json_line.h"

namespace pipit {

/// The stretch of a clip that a row stands for.
struct RowTimes {
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;

  friend bool operator==(const RowTimes&, const RowTimes&) = default;
};

class RowFields {
 public:
  /// Keeps pieces of `line`. Throws pipit::Error (`invalid_index`) when it is not a JSON object with an item.
  explicit RowFields(std::string_view line);

  std::int64_t item() const { return item_; }
  /// The fields `start_ms` and `end_ms`, whole numbers; nothing when the row lacks one.
  std::optional<RowTimes> times() const;
  /// A field as text: what a string stands for, and other values as they were written; nothing when it is not there.
  std::optional<std::string> text(std::string_view name) const;
  /// In the line's order.
  const std::vector<JsonLine::Member>& members() const { return line_.members; }

 private:
  std::optional<std::int64_t> integer(std::string_view name) const;

  JsonLine line_;
  std::int64_t item_ = 0;
};

}  // namespace pipit
