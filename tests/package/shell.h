// Runs programs as a person does.
#pragma once

#include <string>

namespace pipit::test {

struct Outcome {
  int status = 0;
  std::string out;
  std::string err;
};

/// Runs a command line of the shell to its end.
Outcome shell(const std::string& command);

}  // namespace pipit::test
