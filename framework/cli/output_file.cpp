#include "output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "pipit/error.h"

namespace pipit::cli {

OutputFile::OutputFile(std::string name) : name_(std::move(name)) {
  if (name_ == "-") {
    file_ = dup(STDOUT_FILENO);
    begun_ = true;
  } else {
    file_ = ::open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    created_ = file_ >= 0;
    if (!created_ && errno == EEXIST) file_ = ::open(name_.c_str(), O_WRONLY | O_CLOEXEC);
  }
  if (file_ < 0) fail(errno);
}

OutputFile::~OutputFile() {
  ::close(file_);
  if (created_ && !begun_) ::unlink(name_.c_str());
}

void OutputFile::fail(int error) const {
  throw Error("output_failed", fmt::format("cannot write {}: {}", name_ == "-" ? "standard output" : "'" + name_ + "'",
                                           std::strerror(error)));
}

void OutputFile::begin() {
  if (name_ == "-") return;
  struct stat status {};
  seekable_ = fstat(file_, &status) == 0 && S_ISREG(status.st_mode);
  if (seekable_ && ftruncate(file_, 0) != 0) fail(errno);
  begun_ = true;
}

void OutputFile::append(std::string_view piece) {
  for (std::size_t done = 0; done < piece.size();) {
    const ssize_t wrote = ::write(file_, piece.data() + done, piece.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) {
      const int error = errno;
      if (seekable_ && done > 0 && ftruncate(file_, size_) != 0) fail(errno);
      fail(error);
    }
    done += static_cast<std::size_t>(wrote);
  }
  size_ += static_cast<std::int64_t>(piece.size());
}

void OutputFile::overwrite(std::int64_t offset, std::string_view piece) {
  if (pwrite(file_, piece.data(), piece.size(), offset) != static_cast<ssize_t>(piece.size())) fail(errno);
}

void OutputFile::finish() {
  if (seekable_ && fsync(file_) != 0) fail(errno);
}

}  // namespace pipit::cli
