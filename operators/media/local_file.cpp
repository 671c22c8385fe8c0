#include "media/local_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "pipit/error.h"

namespace pipit::video {

namespace {

const char* file_kind(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

}  // namespace

LocalFile::LocalFile(const std::string& path, const std::string& kind) {
  const auto indefinite = [&] { return (kind.find_first_of("aeiou") == 0 ? "an " : "a ") + kind; };
  if (path.find('\0') != std::string::npos) {
    throw Error("invalid_input", fmt::format("{}'s path holds a zero byte", indefinite()));
  }
  // O_NONBLOCK: a FIFO nobody writes to is refused below, not waited for.
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (descriptor_ < 0 && (errno == ENOENT || errno == ENOTDIR)) {
    throw Error("not_found", fmt::format("{} '{}' does not exist", kind, path));
  }
  if (descriptor_ < 0) {
    throw Error("invalid_media", fmt::format("{} '{}' cannot be opened: {}", kind, path, std::strerror(errno)));
  }
  struct stat facts = {};
  ::fstat(descriptor_, &facts);
  size_ = facts.st_size;
  if (S_ISREG(facts.st_mode) && size_ > 0) return;
  ::close(descriptor_);
  throw Error("invalid_media", fmt::format("{} '{}' is {}, expected {} file", kind, path,
                                           S_ISREG(facts.st_mode) ? "empty" : file_kind(facts.st_mode), indefinite()));
}

LocalFile::~LocalFile() {
  ::close(descriptor_);
}

}  // namespace pipit::video
