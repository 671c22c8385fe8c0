// SHA-256 sums of files that have not changed since they were computed. A file of the memo is named by the device and
// the inode of the file that was summed, "DEVICE-INODE" in hexadecimal, and has two lines:
//
//   BYTES MODIFIED CHANGED   its size, and its times in nanoseconds
//   SHA256                   64 hexadecimal digits
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "weights/files/file_bytes.h"

namespace pipit::weights {

/// Small files in one folder, one for each file that was summed. Safe with several processes at once; what cannot be
/// written is computed again.
class DigestMemo {
 public:
  explicit DigestMemo(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// Empty where the file was never summed, or is no longer in that state.
  std::optional<std::string> find(const FileIdentity& identity) const;
  /// Leaves a file alone that changed so lately that another change might not show in its times.
  void store(const FileIdentity& identity, const std::string& sha256) const;

 private:
  std::filesystem::path place(const FileIdentity& identity) const;

  std::filesystem::path folder_;
};

}  // namespace pipit::weights
