// Which file is mapped where a signal says that memory cannot be read.
#pragma once

#include <array>
#include <string_view>

namespace pipit::cli {

/// Asks for no memory and takes no lock, so that a signal handler may use it.
class MappedAddress {
 public:
  explicit MappedAddress(const void* address);

  /// The file's path as the kernel knows it; empty: no file is mapped there.
  std::string_view file() const { return {path_.data(), size_}; }

 private:
  std::array<char, 1024> path_;
  std::size_t size_ = 0;
};

}  // namespace pipit::cli
