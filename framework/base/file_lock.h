// One process at a time.
#pragma once

#include <filesystem>

namespace pipit {

/// Holds a lock on a file, made where it is not there, as long as it lives; waits for others that do, in this process
/// too. The system takes the lock of a process that ends. Where files cannot be locked it holds nothing.
class FileLock {
 public:
  explicit FileLock(const std::filesystem::path& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int number_;
};

}  // namespace pipit
