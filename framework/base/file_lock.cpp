#include "base/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <sstream>

namespace pipit {

bool try_lock(int file) {
  return flock(file, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

std::string lock_holder(int file) {
  struct stat status {};
  if (fstat(file, &status) != 0) return "";
  const std::string wanted = fmt::format("{:02x}:{:02x}:{}", major(status.st_dev), minor(status.st_dev), status.st_ino);
  std::ifstream locks("/proc/locks");
  // "4: FLOCK  ADVISORY  WRITE 4242 00:2f:1234567 0 EOF"
  for (std::string line; std::getline(locks, line);) {
    std::istringstream words(line);
    std::string number;
    std::string kind;
    std::string how;
    std::string access;
    std::string process;
    std::string which;
    if ((words >> number >> kind >> how >> access >> process >> which) && kind == "FLOCK" && which == wanted &&
        process != "0") {
      return process;
    }
  }
  return "";
}

FileLock::FileLock(const std::filesystem::path& path)
    : number_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  if (number_ < 0) return;
  while (::flock(number_, LOCK_EX) != 0 && errno == EINTR) {
  }
}

FileLock::~FileLock() {
  if (number_ >= 0) ::close(number_);
}

}  // namespace pipit
