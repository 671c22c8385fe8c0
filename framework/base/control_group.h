// The control groups that this process is in: where containers and service
// managers set its limits.
#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

namespace pipit {

enum class GroupVersion { kV1, kV2 };

/// Visits the folders of this process's groups that may limit `controller`
/// ("cpu", "memory"), from its own group up to the root. Version 2 has one tree
/// for all controllers, version 1 a tree for each; a machine may have both.
void visit_control_groups(std::string_view controller,
                          const std::function<void(const std::filesystem::path& folder, GroupVersion version)>& visit);

}  // namespace pipit
