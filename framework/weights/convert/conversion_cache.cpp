#include "pipit/weights/conversion_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/atomic_file.h"
#include "base/file_lock.h"
#include "pipit/error.h"
#include "weights/convert/conversion_writer.h"
#include "weights/formats/content_digest.h"

namespace pipit::weights {
namespace {

// Of what converting means: other arithmetic or another format is another file.
constexpr int kVersion = 1;
constexpr std::string_view kExtension = ".safetensors";
constexpr std::size_t kHexDigits = 64;

std::filesystem::path digests(const std::filesystem::path& folder) {
  return folder / "digests";
}

// Beside an entry, of the time when it was last used.
std::filesystem::path mark(std::filesystem::path entry) {
  return entry.replace_extension(".used");
}

void touch(const std::filesystem::path& path) {
  // Where it cannot be written, the entry looks older than it is.
  try {
    AtomicFile file(path.parent_path());
    file.name(path, false);
  } catch (const WriteFault&) {
  }
}

// "<source>-<conversion>-v1-<own sum>.safetensors"
std::optional<ConversionCache::Entry> parse_entry(const std::filesystem::directory_entry& file) {
  const std::string stem = file.path().stem().string();
  std::error_code error;
  const std::size_t last = stem.rfind('-');
  const std::size_t version = last == std::string::npos ? last : stem.rfind('-', last - 1);
  if (file.path().extension() != kExtension || version == std::string::npos || version < kHexDigits + 2) {
    return std::nullopt;
  }
  ConversionCache::Entry entry{file.path(),
                               stem.substr(0, kHexDigits),
                               stem.substr(kHexDigits + 1, version - kHexDigits - 1),
                               file.file_size(error),
                               {}};
  entry.used = std::filesystem::last_write_time(mark(file.path()), error);
  if (error) entry.used = file.last_write_time(error);
  return entry;
}

void remove_entry(const std::filesystem::path& file) {
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
  std::filesystem::remove(mark(file), ignored);
}

[[noreturn]] void fail_to_keep(const std::filesystem::path& folder, const std::string& why) {
  throw Error("output_failed", fmt::format("the cache of converted weights in '{}' {}", folder.string(), why));
}

}  // namespace

std::optional<std::filesystem::path> ConversionCache::default_folder() {
  const auto set = [](const char* name) -> std::optional<std::filesystem::path> {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0' ? std::optional<std::filesystem::path>(value) : std::nullopt;
  };
  if (const auto own = set("PIPIT_CACHE")) return *own == "off" ? std::nullopt : own;
  if (const auto caches = set("XDG_CACHE_HOME"); caches && caches->is_absolute()) return *caches / "pipit";
  if (const auto home = set("HOME")) return *home / ".cache" / "pipit";
  return std::nullopt;
}

ConversionCache::ConversionCache(std::filesystem::path folder, std::uint64_t most_bytes)
    : folder_(std::move(folder)), most_bytes_(most_bytes) {}

ClipCheckpoint ConversionCache::find_or_make(const ClipCheckpoint& checkpoint, const Conversion& conversion) const {
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) fail_to_keep(folder_, fmt::format("cannot be made: {}", error.message()));
  // One file may hold two models.
  const char* const state = checkpoint.file.state() == WeightState::kAveraged ? "-of-averaged" : "";
  const std::string key =
      fmt::format("{}-{}{}-v{}-", sha256(checkpoint.file), conversion_name(conversion), state, kVersion);
  if (auto found = find(checkpoint, key)) return *found;
  const FileLock lock(folder_ / "lock");
  // Another process may have made it meanwhile.
  if (auto found = find(checkpoint, key)) return *found;
  make(checkpoint, conversion, key);
  if (auto found = find(checkpoint, key)) return *found;
  fail_to_keep(folder_, "does not keep what is written to it");
}

std::string ConversionCache::sha256(const Checkpoint& checkpoint) const {
  const DigestMemo memo(digests(folder_));
  return ContentDigest::sha256(checkpoint, &memo);
}

std::optional<ClipCheckpoint> ConversionCache::find(const ClipCheckpoint& checkpoint, const std::string& key) const {
  for (const Entry& entry : entries()) {
    const std::string stem = entry.file.stem().string();
    if (!stem.starts_with(key)) continue;
    try {
      const Checkpoint file = Checkpoint::open(entry.file, {.mmap = true, .shown_as = checkpoint.file.path()});
      if (sha256(file) == stem.substr(key.size())) {
        ClipCheckpoint converted = resolve_clip(file, {.vision = false, .text = false});
        ClipCheckpoint result = checkpoint;
        result.file = file;
        result.tensors = std::move(converted.tensors);
        result.quantization = converted.quantization;
        touch(mark(entry.file));
        return result;
      }
    } catch (const Error&) {
      // Not what was written; or another process has just removed it.
    }
    remove_entry(entry.file);
  }
  return std::nullopt;
}

void ConversionCache::make(const ClipCheckpoint& checkpoint, const Conversion& conversion,
                           const std::string& key) const {
  try {
    const SafetensorsWriter writer = converted_file(checkpoint, conversion);
    make_room(writer.size());
    AtomicFile file(folder_);
    ContentDigest digest;
    writer.write([&](Bytes bytes) {
      digest.add(bytes);
      file.write(bytes);
    });
    file.name(folder_ / fmt::format("{}{}{}", key, digest.sha256(), kExtension), false);
  } catch (const WriteFault& fault) {
    fail_to_keep(folder_, fault.what());
  } catch (const Fault& fault) {
    throw Error("invalid_checkpoint",
                fmt::format("weight_path '{}' {}", checkpoint.file.path().string(), fault.what()));
  }
}

void ConversionCache::make_room(std::uint64_t bytes) const {
  if (bytes > most_bytes_) fail_to_keep(folder_, fmt::format("takes {} bytes at most, not {}", most_bytes_, bytes));
  std::vector<Entry> kept = entries();
  std::uint64_t total = bytes;
  for (const Entry& entry : kept) total += entry.bytes;
  for (; total > most_bytes_ && !kept.empty(); kept.pop_back()) {
    total -= kept.back().bytes;
    remove_entry(kept.back().file);
  }
}

std::vector<ConversionCache::Entry> ConversionCache::entries() const {
  std::vector<Entry> list;
  std::error_code error;
  for (std::filesystem::directory_iterator file(folder_, error), end; !error && file != end; file.increment(error)) {
    if (auto entry = parse_entry(*file)) list.push_back(std::move(*entry));
  }
  std::sort(list.begin(), list.end(), [](const Entry& a, const Entry& b) { return a.used > b.used; });
  return list;
}

std::uint64_t ConversionCache::clear() const {
  std::uint64_t bytes = 0;
  for (const Entry& entry : entries()) {
    std::error_code error;
    std::filesystem::remove(entry.file, error);
    if (error) fail_to_keep(folder_, fmt::format("cannot be emptied: {}", error.message()));
    std::filesystem::remove(mark(entry.file), error);
    bytes += entry.bytes;
  }
  std::error_code ignored;
  std::filesystem::remove_all(digests(folder_), ignored);
  return bytes;
}

}  // namespace pipit::weights
