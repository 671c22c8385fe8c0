// Which column a name means, node by node down the file, and which columns are read.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace pipit {

/// The names that are known so far.
class Scope {
 public:
  explicit Scope(const Spec& spec) : spec_(spec) {}

  /// From here on, the name means this column.
  void define(const std::string& name, ColumnId column) { latest_[name] = column; }
  /// The column that a name means, which counts as read; or nothing.
  std::optional<ColumnId> read(const std::string& name);
  /// A column counts as read also where its name is misspelt.
  void read_meant(const std::string& name);

  void mark_read(ColumnId column) { read_.insert(column); }
  bool is_read(ColumnId column) const { return read_.contains(column); }

  std::vector<std::string> names() const;
  /// The node that gives a column of this name, also below the one at work; or null.
  const NodeSpec* writer_of(std::string_view name) const;
  /// "a -> b -> a": the way from `writer`, a later node, back to `reader`, which reads from it; empty: there is none.
  std::string cycle(const NodeSpec& writer, const std::string& reader) const;

 private:
  bool path_back(const NodeSpec& node, std::vector<std::string>& path, std::set<std::string>& seen) const;

  const Spec& spec_;
  std::map<std::string, ColumnId> latest_;
  std::set<ColumnId> read_;
};

}  // namespace pipit
