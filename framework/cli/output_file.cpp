#include "output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "crash_report.h"
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

std::unique_ptr<OutputFile> OutputFile::beside(const std::string& name) {
  auto file = std::make_unique<OutputFile>(name + ".retry");
  file->temporary_ = true;
  file->begin();
  return file;
}

OutputFile::~OutputFile() {
  ::close(file_);
  if (temporary_ || (created_ && !begun_)) ::unlink(name_.c_str());
}

void OutputFile::fail(int error) const {
  throw Error("output_failed", fmt::format("cannot write {}: {}", name_ == "-" ? "standard output" : "'" + name_ + "'",
                                           std::strerror(error)));
}

bool OutputFile::is_regular() const {
  struct stat status {};
  return name_ != "-" && fstat(file_, &status) == 0 && S_ISREG(status.st_mode);
}

void OutputFile::begin() {
  begin_behind(0);
}

void OutputFile::begin_behind(std::int64_t bytes) {
  if (is_regular() && (ftruncate(file_, bytes) != 0 || lseek(file_, bytes, SEEK_SET) != bytes)) fail(errno);
  begun_ = true;
}

void OutputFile::append(std::string_view piece) {
  const WholeLine whole;
  for (std::size_t done = 0; done < piece.size();) {
    const ssize_t wrote = ::write(file_, piece.data() + done, piece.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) {
      const int error = errno;
      if (done > 0) take_back(done);
      fail(error);
    }
    done += static_cast<std::size_t>(wrote);
  }
}

/// Cuts off the last bytes that were written, if the file can be cut and nobody wrote behind them. Standard output may
/// be a file too.
void OutputFile::take_back(std::size_t bytes) const {
  struct stat status {};
  const off_t end = lseek(file_, 0, SEEK_CUR);
  if (fstat(file_, &status) != 0 || !S_ISREG(status.st_mode) || end != status.st_size) return;
  const off_t start = end - static_cast<off_t>(bytes);
  if (ftruncate(file_, start) == 0) lseek(file_, start, SEEK_SET);
}

void OutputFile::overwrite(std::int64_t offset, std::string_view piece) {
  if (pwrite(file_, piece.data(), piece.size(), offset) != static_cast<ssize_t>(piece.size())) fail(errno);
}

void OutputFile::finish() {
  if (is_regular() && fsync(file_) != 0) fail(errno);
}

void OutputFile::rename_to(const std::string& name) {
  if (std::rename(name_.c_str(), name.c_str()) != 0) fail(errno);
  name_ = name;
  temporary_ = false;
}

}  // namespace pipit::cli
