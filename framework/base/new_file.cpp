#include "base/new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <system_error>

#include "weights/files/fault.h"

namespace pipit::weights {
namespace {

[[noreturn]] void fail_with_errno() {
  throw WriteFault(fmt::format("cannot be written: {}", std::generic_category().message(errno)));
}

// Of its own in this process, and by the process's number in the folder.
std::string temporary_name() {
  static std::atomic<unsigned> count = 0;
  return fmt::format(".pipit-{}-{}.tmp", ::getpid(), ++count);
}

}  // namespace

NewFile::NewFile(const std::filesystem::path& folder)
    : temporary_((folder / temporary_name()).string()),
      // What a process of that number left behind is nobody's.
      number_(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
  if (number_ < 0) fail_with_errno();
}

NewFile::~NewFile() {
  ::close(number_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void NewFile::write(Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(number_, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail_with_errno();
    bytes = bytes.subspan(static_cast<std::size_t>(done));
  }
}

void NewFile::name(const std::filesystem::path& path, bool durable) {
  if (durable && ::fsync(number_) != 0) fail_with_errno();
  if (::rename(temporary_.c_str(), path.c_str()) != 0) fail_with_errno();
  temporary_.clear();
}

}  // namespace pipit::weights
