// A whole file as bytes in memory: mapped, read, or made there.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "weights/files/bytes.h"

namespace pipit::weights {

/// Which file it was, and in which state: another content has another one.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;  // the inode's own time, which no program sets

  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

class FileBytes {
 public:
  /// Throws Fault; a file that is not there is a std::filesystem::filesystem_error.
  static std::shared_ptr<const FileBytes> open(const std::filesystem::path& path, bool map);
  /// Memory that belongs to no file; the caller fills it through `data` before it shares it.
  static std::shared_ptr<FileBytes> allocate(std::size_t size);
  ~FileBytes();
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;

  Bytes bytes() const { return {data_, size_}; }
  std::byte* data() { return data_; }
  /// Whether `part` lies in it.
  bool contains(Bytes part) const;
  /// Takes the pages that lie wholly in `part` out of the process's memory, if they are mapped; they come back from the
  /// file as they are touched.
  void give_back(Bytes part) const;
  /// Empty where there is no file behind it.
  const std::optional<FileIdentity>& identity() const { return identity_; }

 private:
  FileBytes(std::byte* data, std::size_t size, bool mapped) : data_(data), size_(size), mapped_(mapped) {}

  std::byte* data_;
  std::size_t size_;
  bool mapped_;
  std::optional<FileIdentity> identity_;
};

}  // namespace pipit::weights
