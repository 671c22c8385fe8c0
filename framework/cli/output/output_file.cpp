#include "cli/output/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/file_lock.h"
#include "cli/crash_report.h"
#include "cli/output/standard_output.h"
#include "pipit/error.h"

namespace pipit::cli {
namespace {

/// What a link leads to; the name itself when it is none.
std::string target_of(const std::string& name) {
  std::error_code error;
  if (!std::filesystem::is_symlink(name, error)) return name;
  const auto target = std::filesystem::canonical(name, error);
  return error ? name : target.string();
}

/// Where links lead in the end, whether anything is there or not.
std::string end_of_links(const std::string& name) {
  constexpr int kMostLinks = 40;  // as the kernel follows
  std::filesystem::path at(name);
  for (int links = 0; links < kMostLinks && std::filesystem::is_symlink(at); ++links) {
    at = at.parent_path() / std::filesystem::read_symlink(at);
  }
  return at.string();
}

}  // namespace

OutputFile::OutputFile(std::string name) : name_(std::move(name)) {
  if (const auto given = named_descriptor(name_)) {
    if (given == STDOUT_FILENO) name_ = "-";
    file_ = fcntl(given == STDOUT_FILENO ? standard_output() : *given, F_DUPFD_CLOEXEC, 0);
    given_ = begun_ = true;
    if (file_ < 0) fail(errno);
    return;
  }
  try {
    do open();
    while (!lock());
  } catch (...) {
    // Another process's file, perhaps: not to be removed.
    if (file_ >= 0) ::close(file_);
    throw;
  }
}

void OutputFile::open() {
  if (file_ >= 0) ::close(file_);
  file_ = ::open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  created_ = file_ >= 0;
  if (!created_ && errno == EEXIST) file_ = ::open(name_.c_str(), O_WRONLY | O_CLOEXEC);
  if (file_ < 0 && errno == ENOENT && std::filesystem::is_symlink(name_)) {
    const std::string target = end_of_links(name_);
    file_ = ::open(target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    created_ = file_ >= 0;
    if (created_) name_ = target;
    if (!created_ && errno == ENOENT) {
      throw Error("output_failed",
                  fmt::format("cannot write '{}': it is a link to '{}', whose folder does not exist", name_, target));
    }
  }
  if (file_ < 0) fail(errno);
}

/// Keeps other processes out. False: the file lost its name to another one meanwhile.
bool OutputFile::lock() {
  if (!is_regular()) return true;
  if (!try_lock(file_)) {
    const std::string process = lock_holder(file_);
    throw Error("output_busy", fmt::format("another run{} is writing '{}'",
                                           process.empty() ? "" : fmt::format(" (process {})", process), name_));
  }
  // A file system without locks has none to respect.
  struct stat mine {};
  struct stat named {};
  return fstat(file_, &mine) != 0 || (stat(name_.c_str(), &named) == 0 && mine.st_ino == named.st_ino);
}

std::unique_ptr<OutputFile> OutputFile::beside(const std::string& name, std::string_view ending) {
  auto file = std::make_unique<OutputFile>(target_of(name) + std::string(ending));
  file->temporary_ = true;
  file->begin();
  struct stat status {};
  if (stat(name.c_str(), &status) == 0) fchmod(file->file_, status.st_mode & 0777);
  return file;
}

OutputFile::~OutputFile() {
  // The name is given up before the lock: whoever waits for it sees that the file is gone.
  if (temporary_ || (created_ && !begun_)) ::unlink(name_.c_str());
  ::close(file_);
}

void OutputFile::fail(int error) const {
  throw Error("output_failed", fmt::format("cannot write {}: {}", name_ == "-" ? "standard output" : "'" + name_ + "'",
                                           std::strerror(error)));
}

bool OutputFile::is_regular() const {
  struct stat status {};
  return !given_ && fstat(file_, &status) == 0 && S_ISREG(status.st_mode);
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
  if (std::rename(name_.c_str(), target_of(name).c_str()) != 0) fail(errno);
  name_ = name;
  temporary_ = false;
}

}  // namespace pipit::cli
