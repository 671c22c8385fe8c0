#include "shell.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace pipit::test {
namespace {

std::string content(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

Outcome shell(const std::string& command) {
  const auto folder = std::filesystem::temp_directory_path() / ("pipit_shell_" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  const auto out = folder / "out";
  const auto err = folder / "err";
  const int status = std::system(("{ " + command + "; } >" + out.string() + " 2>" + err.string()).c_str());
  Outcome outcome{WIFEXITED(status) ? WEXITSTATUS(status) : -1, content(out), content(err)};
  std::filesystem::remove_all(folder);
  return outcome;
}

}  // namespace pipit::test
