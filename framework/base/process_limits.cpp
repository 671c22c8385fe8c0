#include "base/process_limits.h"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

#include "base/control_group.h"

namespace pipit {
namespace {

using Path = std::filesystem::path;

/// CPUs by a group's quota and its period; `most` when it has none.
int by_quota(const Path& group, GroupVersion version, int most) {
  std::string quota;
  double period = 0;
  if (version == GroupVersion::kV2) {
    std::ifstream(group / "cpu.max") >> quota >> period;
  } else {
    std::ifstream(group / "cpu.cfs_quota_us") >> quota;
    std::ifstream(group / "cpu.cfs_period_us") >> period;
  }
  const double allowed = std::strtod(quota.c_str(), nullptr);  // "max" and "-1" are not quotas
  if (!(allowed > 0) || !(period > 0)) return most;
  return static_cast<int>(std::clamp(std::ceil(allowed / period), 1.0, static_cast<double>(most)));
}

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

/// The number that is all of a file; nothing where the file is missing or says "max".
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

int available_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int least = sched_getaffinity(0, sizeof(set), &set) == 0 ? std::max(CPU_COUNT(&set), 1) : 1;
  visit_control_groups("cpu",
                       [&](const Path& group, GroupVersion version) { least = by_quota(group, version, least); });
  return least;
}

std::int64_t available_memory() {
  const std::int64_t kibibytes = named_number("/proc/meminfo", "MemAvailable:").value_or(0);
  std::int64_t least = kibibytes > 0 ? kibibytes * 1024 : std::numeric_limits<std::int64_t>::max();
  visit_control_groups("memory", [&](const Path& group, GroupVersion version) {
    least = std::min(least, left_in(group, version).value_or(least));
  });
  return least;
}

bool limit_memory(std::int64_t bytes) {
  rlimit limit{};
  if (getrlimit(RLIMIT_DATA, &limit) != 0) return false;
  const auto wanted = static_cast<rlim_t>(bytes);
  limit.rlim_cur = limit.rlim_max == RLIM_INFINITY ? wanted : std::min(wanted, limit.rlim_max);
  return setrlimit(RLIMIT_DATA, &limit) == 0;
}

std::int64_t peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return std::int64_t{usage.ru_maxrss} * 1024;
}

}  // namespace pipit
