#include "base/memory.h"

#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

#include "base/control_group.h"

namespace pipit {
namespace {

using Path = std::filesystem::path;

/// The number behind a name in a file of lines such as "MemAvailable:  1024
/// kB".
std::optional<std::int64_t> named_number(const Path& file, const std::string& name) {
  std::ifstream lines(file);
  std::string word;
  std::int64_t number = 0;
  for (std::string line; lines >> word; std::getline(lines, line)) {
    if (word == name && lines >> number) return number;
  }
  return std::nullopt;
}

/// The only number of a file; none where there is no file, or "max" in it.
std::optional<std::int64_t> number_in(const Path& file) {
  std::int64_t number = 0;
  if (std::ifstream(file) >> number) return number;
  return std::nullopt;
}

/// What a group's limit leaves, counting what the kernel gives up before it
/// ends a process.
std::optional<std::int64_t> left_in(const Path& group, GroupVersion version) {
  const bool v2 = version == GroupVersion::kV2;
  const auto limit = number_in(group / (v2 ? "memory.max" : "memory.limit_in_bytes"));
  const auto usage = number_in(group / (v2 ? "memory.current" : "memory.usage_in_bytes"));
  if (!limit || !usage) return std::nullopt;
  const std::int64_t cached = named_number(group / "memory.stat", v2 ? "file" : "total_cache").value_or(0);
  return std::max<std::int64_t>(*limit - *usage + cached, 0);
}

}  // namespace

std::int64_t available_memory() {
  const std::int64_t kibibytes = named_number("/proc/meminfo", "MemAvailable:").value_or(0);
  std::int64_t least = kibibytes > 0 ? kibibytes * 1024 : std::numeric_limits<std::int64_t>::max();
  visit_control_groups("memory", [&](const Path& group, GroupVersion version) {
    least = std::min(least, left_in(group, version).value_or(least));
  });
  return least;
}

std::int64_t peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return std::int64_t{usage.ru_maxrss} * 1024;
}

}  // namespace pipit
