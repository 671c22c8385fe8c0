// Whether an index is what its manifest says, byte for byte.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace pipit {

struct IndexVerification {
  std::vector<std::string> faults;  // a sentence for each file that is wrong; empty: the index is whole
  std::int64_t files = 0;           // that were read
  std::int64_t bytes = 0;
};

/// Reads every file that the manifest names, and the manifest, and compares their SHA-256 sums; then each line. Throws
/// pipit::Error (`not_found`) when there is no index.
IndexVerification verify_index(const std::filesystem::path& path);

}  // namespace pipit
