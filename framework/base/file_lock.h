// One process at a time.
#pragma once

#include <filesystem>

namespace pipit {

/// Holds a lock on a file as long as it lives, and creates the file where there is none; waits for others that hold it,
/// in this process too. The system releases the lock of a process that ends. Where files cannot be locked it holds
/// nothing.
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
