// What is wrong with a pipeline's files, gathered.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "spec/source_text.h"

namespace pipit {

/// Takes what is wrong with something whose name and kind its caller knows.
using FaultSink = std::function<void(SourcePlace at, const std::string& message)>;

/// Every fault found in a file and in the files that it includes; thrown as one Error. Its message has each fault once:
/// "file:line:column: what is wrong", then the line of the file with a caret under the place.
class Faults {
 public:
  explicit Faults(std::string place = "") { enter(place); }

  /// The file that the places of what is added from now on belong to.
  void enter(const std::string& place);
  /// The text of this file.
  void show(std::string_view text);
  const std::string& place() const { return files_[file_].place; }
  const SourceText* text() const { return files_[file_].text.get(); }

  /// A fault without a line: `{}` as its place.
  void add(SourcePlace at, std::string_view message);
  /// Faults of a file that is included here; their text has its places already.
  void add_from_below(SourcePlace at, std::string_view text);
  /// Others' faults, and the texts of their files.
  void add(const Faults& others);
  /// How many were added so far.
  std::size_t count() const { return faults_.size(); }
  /// Throws pipit::Error (`invalid_pipeline`) when there are any: file by file, in the order in which the files were
  /// entered, each ordered by place.
  void raise() const;

  /// The text of a fault.
  std::string told(SourcePlace at, std::string_view message) const;

 private:
  struct File {
    std::string place;
    std::shared_ptr<const SourceText> text{};
    std::string told(SourcePlace at, std::string_view message) const;
  };
  struct Fault {
    std::size_t file = 0;
    SourcePlace at{};
    std::string message;
    bool complete = false;  // the message has its places already
    auto operator<=>(const Fault&) const = default;
  };
  void add(Fault fault);

  std::size_t file_ = 0;  // the one entered last
  std::vector<File> files_;
  std::vector<Fault> faults_;
  std::set<Fault> seen_;
};

}  // namespace pipit
