// What is wrong with a pipeline's files, gathered.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace pipit {

/// Every fault found in a file and in those that it takes in; thrown as one Error whose message has a line for each.
/// The same fault is told once.
class Faults {
 public:
  explicit Faults(std::string place = "") { enter(place); }

  /// The file that the lines of what is added from now on belong to.
  void enter(const std::string& place);
  const std::string& place() const { return place_; }
  /// `line` 0: of no line in particular.
  void add(int line, std::string_view message);
  /// Faults of another file that this line takes in; their text has its places already.
  void add_from_below(int line, std::string_view text);
  void add(const Faults& others);
  /// How many were added so far.
  std::size_t count() const { return faults_.size(); }
  /// Throws pipit::Error (`invalid_pipeline`) when there are any: file by file, in the order in which the files were
  /// entered, each ordered by line.
  void raise() const;

 private:
  struct Fault {
    std::size_t file = 0;
    int line = 0;
    std::string text;
  };
  void add(Fault fault);

  std::string place_;
  std::size_t file_ = 0;  // of place_
  std::vector<std::string> files_;
  std::vector<Fault> faults_;
  std::set<std::string> texts_;
};

}  // namespace pipit
