// A file that is there wholly, or not at all.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace pipit {

/// "cannot be written: No space left on device"; whoever knows the file's name
/// puts it in front.
class WriteFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A file that is written under a temporary name in its folder, and removed
/// unless name() gives it its own.
class AtomicFile {
 public:
  /// Every function here throws WriteFault.
  explicit AtomicFile(const std::filesystem::path& folder);
  /// In a folder that is open, whatever is meanwhile called as it was; it stays open until the file has its name.
  explicit AtomicFile(int folder);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// The temporary name, for code that writes by name instead of calling write().
  const std::string& temporary() const { return temporary_; }
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  /// Gives the file its name and replaces another of that name; a name alone where the folder is an open one.
  /// `durable`: not before the disk has it; an open folder's names are given to the disk too.
  void name(const std::filesystem::path& path, bool durable);

 private:
  AtomicFile(int folder, std::string temporary);

  int folder_;  // names start here; the working directory: as the paths say
  std::string temporary_;
  int file_;
};

}  // namespace pipit
