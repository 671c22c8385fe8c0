// Which file a name means, whatever the name is.
#pragma once

#include <sys/stat.h>

#include <compare>
#include <optional>
#include <string>

namespace pipit::cli {

/// A regular file by device and inode, so that links are seen through; one that is not there yet, by its folder and
/// name.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  std::string name;  // of a file that is not there yet

  auto operator<=>(const FileIdentity&) const = default;

  /// Nothing for a folder, a pipe or a device, and for a name that cannot be a file's.
  static std::optional<FileIdentity> of(const std::string& file);
  static std::optional<FileIdentity> of(int descriptor);
};

}  // namespace pipit::cli
