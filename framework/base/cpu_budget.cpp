#include "base/cpu_budget.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>

namespace pipit {
namespace {

/// CPUs by a quota and its period, or `most` when there is none.
int by_quota(double quota, double period, int most) {
  if (!(quota > 0) || !(period > 0)) return most;
  return std::clamp(static_cast<int>(std::ceil(quota / period)), 1, most);
}

/// Version 2: every folder from the process's group up to the root may set a limit.
int by_cgroup_v2(int most) {
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    if (!line.starts_with("0::")) continue;
    int least = most;
    for (std::string folder = line.substr(3);; folder.erase(folder.rfind('/'))) {
      std::ifstream limit("/sys/fs/cgroup" + folder + "/cpu.max");
      std::string quota;
      double period = 0;
      if (limit >> quota >> period && quota != "max")
        least = std::min(least, by_quota(std::strtod(quota.c_str(), nullptr), period, most));
      if (folder.find('/') == std::string::npos) return least;
    }
  }
  return most;
}

int by_cgroup_v1(int most) {
  double quota = 0;
  double period = 0;
  std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") >> quota;
  std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_period_us") >> period;
  return by_quota(quota, period, most);
}

}  // namespace

int available_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  const int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? std::max(CPU_COUNT(&set), 1) : 1;
  return std::min(by_cgroup_v2(count), by_cgroup_v1(count));
}

}  // namespace pipit
