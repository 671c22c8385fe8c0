// Runs the built program `pipit`, or a shell around it, as a user does, and gives back what it printed and its exit
// status.
#pragma once

#include <string>
#include <vector>

namespace test {

struct Outcome {
  int status = 0;  // exit status; 128 + signal when one ended it
  std::string out;
  std::string err;
  double seconds = 0;
};

struct Call {
  std::string program;  // empty: pipit
  std::vector<std::string> arguments;
  std::string input;                     // on standard input
  std::string folder;                    // working directory; empty: as it is
  std::vector<std::string> environment;  // NAME=VALUE, added
  double limit_s = 120;                  // then it is killed, which fails the test by its status
};

Outcome run(const Call& call);
Outcome run(const std::vector<std::string>& arguments, const std::string& input = "");
/// Runs a command line of the shell.
Outcome shell(const std::string& command);

/// A folder that is removed with its content at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }
  /// Writes a file there; gives its path.
  std::string write(const std::string& name, const std::string& content) const;

 private:
  std::string path_;
};

std::string read_file(const std::string& path);

}  // namespace test
