#include "clip/loading/memory.h"

#include <ATen/Context.h>
#include <ATen/DeviceAccelerator.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

#include "pipit/error.h"

namespace pipit::clip {
namespace {

using Path = std::filesystem::path;

/// The number behind a name in a file of lines such as "MemAvailable:  1024 kB".
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

struct GroupFiles {
  const char* limit;
  const char* usage;
  const char* reclaimable;  // in memory.stat: what is given up before a process is killed
};

/// What the least of the groups from `folder` up to `root` leaves.
std::int64_t left_in_groups(const Path& root, std::string folder, const GroupFiles& files) {
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  for (;; folder.erase(folder.rfind('/'))) {
    const Path group = root / Path(folder).relative_path();
    const auto limit = number_in(group / files.limit);
    const auto usage = number_in(group / files.usage);
    if (limit && usage) {
      const std::int64_t cached = named_number(group / "memory.stat", files.reclaimable).value_or(0);
      least = std::min(least, std::max<std::int64_t>(*limit - *usage + cached, 0));
    }
    if (folder.find('/') == folder.npos) return least;
  }
}

std::int64_t free_main_memory() {
  const std::int64_t kibibytes = named_number("/proc/meminfo", "MemAvailable:").value_or(0);
  std::int64_t free = kibibytes > 0 ? kibibytes * 1024 : std::numeric_limits<std::int64_t>::max();
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const auto colon = line.rfind(':');
    if (colon == line.npos) continue;
    const std::string folder = line.substr(colon + 1);
    if (line.starts_with("0::")) {
      free = std::min(free, left_in_groups("/sys/fs/cgroup", folder, {"memory.max", "memory.current", "file"}));
    } else if (line.find(":memory:") != line.npos) {
      free = std::min(free, left_in_groups("/sys/fs/cgroup/memory", folder,
                                           {"memory.limit_in_bytes", "memory.usage_in_bytes", "total_cache"}));
    }
  }
  return free;
}

double megabytes(std::int64_t bytes) {
  return static_cast<double>(bytes) / 1e6;
}

}  // namespace

std::int64_t free_memory(c10::Device device) {
  if (device.is_cpu()) return free_main_memory();
  at::globalContext().lazyInitDevice(device.type());
  return static_cast<std::int64_t>(at::getDeviceAllocator(device.type())->getMemoryInfo(device.index()).first);
}

void require_room(c10::Device device, std::int64_t needed, std::int64_t free) {
  if (needed <= free) return;
  throw Error(
      "out_of_memory",
      fmt::format("the model's weights need {:.1f} MB on {}, of which {:.1f} MB are free; take a dtype of fewer "
                  "bits, or make room",
                  megabytes(needed), device.str(), megabytes(free)));
}

void give_back_free_memory() {
  malloc_trim(0);
}

}  // namespace pipit::clip
