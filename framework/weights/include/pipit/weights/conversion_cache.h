// Converted weights that are kept for the next time. A folder:
//
//   SOURCE-CONVERSION[-of-averaged]-vN-SUM.safetensors   the converted weights
//   SOURCE-CONVERSION[-of-averaged]-vN-SUM.used          empty; its time is that of the last use
//   digests/                                             sums of files that have not changed (digest_memo.h)
//   lock                                                 held by the process that converts
//
// SOURCE: the SHA-256 sum of the file that was converted. N: the version of what converting means. SUM: the SHA-256 sum
// of the converted file.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pipit/weights/conversion.h"
#include "pipit/weights/export.h"

namespace pipit::weights {

/// A folder of safetensors files, each named by the SHA-256 sum of the file that it was made from, the conversion, and
/// its own sum. Several processes may use one folder at once: a file is there wholly or not at all, and one process
/// converts while the others wait for what it makes. Thread-safe.
class PIPIT_WEIGHTS_EXPORT ConversionCache {
 public:
  static constexpr std::uint64_t kMostBytes = std::uint64_t{20} << 30;

  /// $PIPIT_CACHE, else $XDG_CACHE_HOME/pipit, else ~/.cache/pipit. Empty where PIPIT_CACHE is "off", or nobody has a
  /// home.
  static std::optional<std::filesystem::path> default_folder();

  /// The folder need not exist. What was not used for longest goes when there would be more than `most_bytes`.
  explicit ConversionCache(std::filesystem::path folder, std::uint64_t most_bytes = kMostBytes);

  const std::filesystem::path& folder() const { return folder_; }
  std::uint64_t most_bytes() const { return most_bytes_; }

  /// The checkpoint with its weights converted, from the cache or put there now. A file in the cache that is not what
  /// it was written as is made anew. Throws pipit::Error: `output_failed` where the cache cannot be written or would
  /// overflow by this file alone, `invalid_checkpoint` for weights that have no such form.
  ClipCheckpoint find_or_make(const ClipCheckpoint& checkpoint, const Conversion& conversion) const;

  /// The SHA-256 sum of a checkpoint's file, of several shards that of their sums. Reads all bytes the first time, and
  /// keeps the sum for as long as the file stays as it is.
  std::string sha256(const Checkpoint& checkpoint) const;

  struct Entry {
    std::filesystem::path file;
    std::string source_sha256;
    std::string conversion;  // conversion_name()
    std::uint64_t bytes = 0;
    std::filesystem::file_time_type used;
  };
  /// The last used first.
  std::vector<Entry> entries() const;

  /// Removes all entries; gives the bytes that they took. A process that uses one keeps it until it ends. Throws
  /// pipit::Error (`output_failed`).
  std::uint64_t clear() const;

 private:
  std::optional<ClipCheckpoint> find(const ClipCheckpoint& checkpoint, const std::string& key) const;
  void make(const ClipCheckpoint& checkpoint, const Conversion& conversion, const std::string& key) const;
  void make_room(std::uint64_t bytes) const;

  std::filesystem::path folder_;
  std::uint64_t most_bytes_;
};

}  // namespace pipit::weights
