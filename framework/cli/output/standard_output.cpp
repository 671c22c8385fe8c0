#include "cli/output/standard_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <utility>

namespace pipit::cli {
namespace {

int kept = STDOUT_FILENO;

}  // namespace

void open_standard_descriptors() {
  for (const auto& [descriptor, mode] :
       {std::pair(STDIN_FILENO, O_WRONLY), std::pair(STDOUT_FILENO, O_RDONLY), std::pair(STDERR_FILENO, O_WRONLY)}) {
    // The lowest that is free is the one that is missing: those before it are open.
    if (fcntl(descriptor, F_GETFD) < 0) [[maybe_unused]]
      const int opened = open("/dev/null", mode);
  }
}

void keep_standard_output() {
  if (kept != STDOUT_FILENO) return;
  std::fflush(stdout);
  const int own = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (own < 0) return;
  kept = own;
  dup2(STDERR_FILENO, STDOUT_FILENO);
  // Lines of operators come where they belong among what else is told.
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
}

int standard_output() {
  return kept;
}

std::optional<int> named_descriptor(std::string_view file) {
  if (file == "-" || file == "/dev/stdout") return STDOUT_FILENO;
  if (file == "/dev/stderr") return STDERR_FILENO;
  for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
    if (!file.starts_with(folder)) continue;
    int descriptor = 0;
    const auto read = std::from_chars(file.data() + folder.size(), file.data() + file.size(), descriptor);
    if (read.ec == std::errc() && read.ptr == file.data() + file.size() && descriptor >= 0) return descriptor;
  }
  return std::nullopt;
}

bool is_standard_output(std::string_view file) {
  return named_descriptor(file) == STDOUT_FILENO;
}

}  // namespace pipit::cli
