// The folder of an index, and files in it. Everything is found from an open folder, by names without a slash, and links
// are not followed: a folder that somebody else made reaches no file outside of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.h"

namespace pipit {

/// An open file or folder.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.number_) { other.number_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor();

  int number() const { return number_; }

 private:
  int number_;
};

/// A file in memory, read by the kernel as it is touched and shared between processes. Its pages may be asked for by
/// several threads.
class MappedFile {
 public:
  MappedFile() = default;
  /// Throws std::system_error.
  MappedFile(const Descriptor& file, std::size_t size);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept { *this = std::move(other); }
  MappedFile& operator=(MappedFile&& other) noexcept;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// A file that is made and written from its beginning.
class NewFile {
 public:
  NewFile(Descriptor file, std::filesystem::path path) : file_(std::move(file)), path_(std::move(path)) {}

  /// Throws pipit::Error (`output_failed`), as everything here.
  void write(std::string_view text);
  void write(std::span<const std::byte> bytes) {
    write(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }
  /// Replaces the beginning.
  void overwrite(std::string_view beginning);
  /// Gives what was written to the disk, and its sum.
  std::string finish();
  std::int64_t bytes() const { return bytes_ + static_cast<std::int64_t>(waiting_.size()); }

 private:
  void flush();

  Descriptor file_;
  std::filesystem::path path_;  // for messages
  std::string waiting_;
  std::int64_t bytes_ = 0;  // without those that wait
};

class IndexFolder {
 public:
  /// Throws pipit::Error: `not_found` when nothing is there, `invalid_index` when it is not a folder.
  static IndexFolder open(const std::filesystem::path& path);
  /// Makes the last folder of the path. Throws pipit::Error (`output_failed`).
  static IndexFolder make(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  int number() const { return folder_.number(); }

  /// A folder in it. Throws pipit::Error (`invalid_index`) when it is not there, or a link.
  IndexFolder inner(const std::string& name) const;
  /// The same; made when it is not there. Throws pipit::Error (`output_failed`).
  IndexFolder make_inner(const std::string& name) const;
  /// Names in it, sorted; `.` and `..` are left out.
  std::vector<std::string> names() const;
  bool has(const std::string& name) const;

  /// A regular file for reading, and its size. Throws pipit::Error (`invalid_index`).
  struct Opened {
    Descriptor file;
    std::int64_t bytes;
  };
  Opened open_file(const std::string& name) const;
  /// A file's content, of at most `most_bytes`. Throws pipit::Error (`invalid_index`).
  std::string read(const std::string& name, std::int64_t most_bytes) const;
  /// A file of exactly this size, mapped. Throws pipit::Error (`invalid_index`).
  MappedFile map(const std::string& name, std::int64_t bytes) const;

  /// A file that is not there yet. Throws pipit::Error (`output_failed`), as what follows.
  NewFile make_file(const std::string& name) const;
  /// A file with this content in place of what may have its name, at once, wholly and on the disk.
  void replace(const std::string& name, std::string_view content) const;
  /// Gives the names of new files to the disk.
  void sync() const;
  /// Files and empty folders; what cannot be removed stays.
  void remove(const std::string& name) const;

  /// A file's path from the index's folder, for messages.
  std::string shown(const std::string& name) const;
  /// "index 'clips.index' is damaged: …"
  [[noreturn]] void damaged(std::string_view what) const;

 private:
  IndexFolder(Descriptor folder, std::filesystem::path path, std::filesystem::path index)
      : folder_(std::move(folder)), path_(std::move(path)), index_(std::move(index)) {}

  Descriptor folder_;
  std::filesystem::path path_;   // as the caller named it, for messages
  std::filesystem::path index_;  // the outermost folder
};

}  // namespace pipit
