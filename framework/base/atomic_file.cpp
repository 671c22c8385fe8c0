#include "base/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <system_error>

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
    : temporary_((folder / temporary_name()).string()),
      // What an earlier process of that number left behind is nobody's.
      file_(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666)) {
  if (file_ < 0) fail_with_errno();
}

AtomicFile::~AtomicFile() {
  ::close(file_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
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
  if (::rename(temporary_.c_str(), path.c_str()) != 0) fail_with_errno();
  temporary_.clear();
}

}  // namespace pipit
