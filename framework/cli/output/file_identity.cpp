#include "cli/output/file_identity.h"

#include <cerrno>
#include <filesystem>

namespace pipit::cli {

std::optional<FileIdentity> FileIdentity::of(const std::string& file) {
  struct stat status {};
  if (stat(file.c_str(), &status) == 0) {
    if (!S_ISREG(status.st_mode)) return std::nullopt;
    return FileIdentity{status.st_dev, status.st_ino, ""};
  }
  const std::filesystem::path path(file);
  if (errno != ENOENT || !path.has_filename()) return std::nullopt;
  const std::string folder = path.has_parent_path() ? path.parent_path().string() : ".";
  if (stat(folder.c_str(), &status) != 0) return std::nullopt;
  return FileIdentity{status.st_dev, status.st_ino, path.filename().string()};
}

std::optional<FileIdentity> FileIdentity::of(int descriptor) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return FileIdentity{status.st_dev, status.st_ino, ""};
}

}  // namespace pipit::cli
