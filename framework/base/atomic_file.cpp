#include "base/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <system_error>
#include <utility>

namespace pipit {
namespace {

[[noreturn]] void fail_with_errno() {
  throw WriteFault(fmt::format("cannot be written: {}", std::generic_category().message(errno)));
}

/// Unique in this process by its count, in the folder by the process's number.
std::string temporary_name() {
  static std::atomic<unsigned> count = 0;
  return fmt::format(".pipit-{}-{}.tmp", ::getpid(), ++count);
}

}  // namespace

AtomicFile::AtomicFile(const std::filesystem::path& folder)
    : AtomicFile(AT_FDCWD, (folder / temporary_name()).string()) {}

AtomicFile::AtomicFile(int folder) : AtomicFile(folder, temporary_name()) {}

AtomicFile::AtomicFile(int folder, std::string temporary)
    : folder_(folder),
      temporary_(std::move(temporary)),
      // What an earlier process of that number left behind is nobody's.
      file_(::openat(folder, temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666)) {
  if (file_ < 0) fail_with_errno();
}

AtomicFile::~AtomicFile() {
  ::close(file_);
  if (!temporary_.empty()) ::unlinkat(folder_, temporary_.c_str(), 0);
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(file_, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail_with_errno();
    bytes = bytes.subspan(static_cast<std::size_t>(done));
  }
}

void AtomicFile::name(const std::filesystem::path& path, bool durable) {
  if (durable && ::fsync(file_) != 0) fail_with_errno();
  if (::renameat(folder_, temporary_.c_str(), folder_, path.c_str()) != 0) fail_with_errno();
  temporary_.clear();
  if (durable && folder_ != AT_FDCWD && ::fsync(folder_) != 0) fail_with_errno();
}

}  // namespace pipit
