#include "mapped_address.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

namespace pipit::cli {
namespace {

/// A file's characters one by one.
class Characters {
 public:
  explicit Characters(const char* file) : file_(::open(file, O_RDONLY | O_CLOEXEC)) {}
  ~Characters() {
    if (file_ >= 0) ::close(file_);
  }
  Characters(const Characters&) = delete;
  Characters& operator=(const Characters&) = delete;

  /// -1 at the end.
  int next() {
    if (at_ == size_) {
      const ssize_t got = file_ < 0 ? 0 : ::read(file_, buffer_.data(), buffer_.size());
      if (got <= 0) return -1;
      size_ = static_cast<std::size_t>(got);
      at_ = 0;
    }
    return static_cast<unsigned char>(buffer_[at_++]);
  }

 private:
  const int file_;
  std::array<char, 2048> buffer_;
  std::size_t at_ = 0;
  std::size_t size_ = 0;
};

/// A hexadecimal number; `c` is what comes behind it.
std::uint64_t number(Characters& text, int& c) {
  std::uint64_t value = 0;
  for (c = text.next(); (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); c = text.next()) {
    value = value * 16 + static_cast<std::uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  return value;
}

}  // namespace

/// A line is "7f00a0000000-7f00a0001000 r--p 00000000 fe:00 1234   /models/w.pt".
MappedAddress::MappedAddress(const void* address) {
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  Characters text("/proc/self/maps");
  for (int c = 0; c >= 0;) {
    const std::uint64_t begin = number(text, c);
    const std::uint64_t end = number(text, c);
    const bool here = wanted >= begin && wanted < end;
    size_ = 0;
    for (bool path = false; c >= 0 && c != '\n'; c = text.next()) {
      path = path || c == '/';
      if (path && size_ < path_.size()) path_[size_++] = static_cast<char>(c);
    }
    if (here) return;
  }
  size_ = 0;
}

}  // namespace pipit::cli
