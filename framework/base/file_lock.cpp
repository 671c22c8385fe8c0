#include "base/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

namespace pipit {

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
