// A folder with files, and runs of the program in it over the tests' operators.
#pragma once

#include <string>
#include <vector>

#include "program.h"

namespace test {

using Words = std::vector<std::string>;

class Scene {
 public:
  /// Writes a file into the folder; its name is made relative to it.
  void write(const std::string& name, const std::string& content) const { folder_.write(name, content); }
  std::string read(const std::string& name) const { return read_file(folder_.path() + "/" + name); }
  bool exists(const std::string& name) const;
  const std::string& folder() const { return folder_.path(); }

  /// Runs `pipit ARGUMENTS…` in the folder to its end.
  Outcome run(const Words& arguments, const std::string& input = "") const;
  /// Runs a shell's command in the folder; "$PIPIT" is the program.
  Outcome shell(const std::string& command) const;
  /// Runs `pipit ARGUMENTS…` and sends it a signal ("INT") once a line stands in out.jsonl.
  Outcome interrupted(const std::string& arguments, const std::string& signal) const;

 private:
  TemporaryFolder folder_;
};

}  // namespace test
