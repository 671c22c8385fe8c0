#include "base/cpu_budget.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>

#include "base/control_group.h"

namespace pipit {
namespace {

/// CPUs by a group's quota and its period; `most` when it has none.
int by_quota(const std::filesystem::path& group, GroupVersion version, int most) {
  std::string quota;
  double period = 0;
  if (version == GroupVersion::kV2) {
    std::ifstream(group / "cpu.max") >> quota >> period;
  } else {
    std::ifstream(group / "cpu.cfs_quota_us") >> quota;
    std::ifstream(group / "cpu.cfs_period_us") >> period;
  }
  const double allowed = std::strtod(quota.c_str(), nullptr);  // "max" and "-1" are no quota
  if (!(allowed > 0) || !(period > 0)) return most;
  return static_cast<int>(std::clamp(std::ceil(allowed / period), 1.0, static_cast<double>(most)));
}

}  // namespace

int available_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int least = sched_getaffinity(0, sizeof(set), &set) == 0 ? std::max(CPU_COUNT(&set), 1) : 1;
  visit_control_groups("cpu", [&](const std::filesystem::path& group, GroupVersion version) {
    least = by_quota(group, version, least);
  });
  return least;
}

}  // namespace pipit
