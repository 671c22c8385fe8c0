// One process at a time.
#pragma once

#include <filesystem>
#include <string>

namespace pipit {

/// Takes the lock of an open file, until it is closed, unless another process has it: then false. Where files cannot be
/// locked there is none to respect.
bool try_lock(int file);
/// The process that has the lock of an open file, as the kernel tells it: "4242"; empty when it does not.
std::string lock_holder(int file);

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
