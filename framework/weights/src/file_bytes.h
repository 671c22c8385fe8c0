// A whole file as bytes in memory: mapped, or read.
#pragma once

#include <filesystem>
#include <memory>

#include "bytes.h"

namespace pipit::weights {

class FileBytes {
 public:
  /// Throws Fault; a file that is not there is a std::filesystem::filesystem_error.
  static std::shared_ptr<const FileBytes> open(const std::filesystem::path& path, bool map);
  ~FileBytes();
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;

  Bytes bytes() const { return {data_, size_}; }

 private:
  FileBytes(std::byte* data, std::size_t size, bool mapped) : data_(data), size_(size), mapped_(mapped) {}

  std::byte* data_;
  std::size_t size_;
  bool mapped_;
};

}  // namespace pipit::weights
