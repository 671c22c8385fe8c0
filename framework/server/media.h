// Files that clients may name, and files that they send.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pipit::server {

/// An open file, which a pipeline reads by path(): a name of the kernel's for the descriptor, whatever becomes of the
/// file's own name.
class OpenFile {
 public:
  explicit OpenFile(int descriptor) : descriptor_(descriptor) {}
  ~OpenFile();
  OpenFile(OpenFile&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  OpenFile& operator=(OpenFile&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }

  /// "/proc/self/fd/7"
  std::string path() const;
  int descriptor() const { return descriptor_; }
  /// What was uploaded, in memory: gone when it is closed. Throws pipit::Error (`unavailable`).
  static OpenFile of_content(std::string_view content);

 private:
  int descriptor_;
};

/// Folders whose files may be named. A path is resolved by the kernel and never leaves its folder, by ".." or by a
/// link.
class MediaRoots {
 public:
  /// Throws pipit::Error (`not_found`) for what is not a folder.
  explicit MediaRoots(const std::vector<std::filesystem::path>& folders);

  bool empty() const { return folders_.empty(); }
  /// A regular file below one of the folders, the first that has it: "a/b.mp4", or an absolute path that lies in one.
  /// Throws Refusal: 422 for one that is not there, whatever the reason; 403 where no folder is given.
  OpenFile open(const std::string& path) const;
  /// How a client names a file: its path below the folder that it lies in; empty: it lies in none.
  std::string name_of(const std::filesystem::path& file) const;

 private:
  struct Folder {
    std::filesystem::path path;  // canonical
    OpenFile folder;
  };
  std::vector<Folder> folders_;
};

/// A message in which a file is called what its client calls it: `ours` is its OpenFile's path().
std::string renamed(std::string message, const std::string& ours, const std::string& theirs);

}  // namespace pipit::server
