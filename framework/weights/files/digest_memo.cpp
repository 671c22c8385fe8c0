#include "weights/files/digest_memo.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>

#include "base/atomic_file.h"

namespace pipit::weights {
namespace {

// Of the coarsest file systems; of the usual ones it is that of the kernel's ticks, a few milliseconds.
constexpr std::int64_t kTimeStepNs = 2'000'000'000;

// Everything about the file that would change with it.
std::string state_text(const FileIdentity& identity) {
  return fmt::format("{} {} {}", identity.size, identity.modified_ns, identity.changed_ns);
}

std::int64_t now_ns() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

}  // namespace

std::filesystem::path DigestMemo::place(const FileIdentity& identity) const {
  return folder_ / fmt::format("{:x}-{:x}", identity.device, identity.inode);
}

std::optional<std::string> DigestMemo::find(const FileIdentity& identity) const {
  std::ifstream file(place(identity));
  std::string state;
  std::string sha256;
  if (!std::getline(file, state) || !std::getline(file, sha256) || state != state_text(identity)) return std::nullopt;
  constexpr std::size_t kHexDigits = 64;
  return sha256.size() == kHexDigits ? std::optional(sha256) : std::nullopt;
}

void DigestMemo::store(const FileIdentity& identity, const std::string& sha256) const {
  if (std::max(identity.modified_ns, identity.changed_ns) > now_ns() - kTimeStepNs) return;
  try {
    std::error_code ignored;
    std::filesystem::create_directories(folder_, ignored);
    AtomicFile file(folder_);
    const std::string text = fmt::format("{}\n{}\n", state_text(identity), sha256);
    file.write(std::as_bytes(std::span(text)));
    file.name(place(identity), false);
  } catch (const WriteFault&) {
    // Then it is computed again next time.
  }
}

}  // namespace pipit::weights
