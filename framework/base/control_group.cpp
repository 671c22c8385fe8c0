#include "base/control_group.h"

#include <fstream>
#include <string>

namespace pipit {
namespace {

constexpr std::string_view kMount = "/sys/fs/cgroup";

/// Whether a list such as "cpu,cpuacct" has the name.
bool lists(std::string_view names, std::string_view name) {
  while (!names.empty()) {
    const std::size_t comma = names.find(',');
    if (names.substr(0, comma) == name) return true;
    if (comma == std::string_view::npos) return false;
    names.remove_prefix(comma + 1);
  }
  return false;
}

}  // namespace

void visit_control_groups(std::string_view controller,
                          const std::function<void(const std::filesystem::path& folder, GroupVersion version)>& visit) {
  // A line is "number:controllers:group"; of version 2 "0::group".
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string_view controllers = std::string_view(line).substr(first + 1, second - first - 1);
    const bool unified = controllers.empty();
    if (!unified && !lists(controllers, controller)) continue;
    const std::filesystem::path root =
        unified ? std::filesystem::path(kMount) : std::filesystem::path(kMount) / controller;
    // In a container the group's own name may not be there: what is mounted at
    // the root is the container's group.
    for (std::string group = line.substr(second + 1);; group.erase(group.rfind('/'))) {
      visit(root / std::filesystem::path(group).relative_path(), unified ? GroupVersion::kV2 : GroupVersion::kV1);
      if (group.find('/') == std::string::npos) break;
    }
  }
}

}  // namespace pipit
