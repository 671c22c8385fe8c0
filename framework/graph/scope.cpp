#include "graph/scope.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/near.h"

namespace pipit {
namespace {

bool writes(const NodeSpec& node, std::string_view name) {
  const auto& names = node.out.empty() && node.has_keep ? node.keep : node.out;
  return std::ranges::any_of(names, [&](const YamlNode& out) { return out.text == name; }) ||
         std::ranges::any_of(node.window_facts, [&](const auto& fact) { return fact.second.text == name; }) ||
         std::ranges::any_of(node.leave, [&](const Alias& alias) { return alias.name == name; });
}

}  // namespace

std::optional<ColumnId> Scope::read(const std::string& name) {
  const auto found = latest_.find(name);
  if (found == latest_.end()) return std::nullopt;
  read_.insert(found->second);
  return found->second;
}

void Scope::read_meant(const std::string& name) {
  read(near_name(name, names()));
}

std::vector<std::string> Scope::names() const {
  std::vector<std::string> names;
  for (const auto& [name, column] : latest_) names.push_back(name);
  return names;
}

const NodeSpec* Scope::writer_of(std::string_view name) const {
  const auto writer = std::ranges::find_if(spec_.nodes, [&](const NodeSpec& node) { return writes(node, name); });
  return writer != spec_.nodes.end() ? &*writer : nullptr;
}

std::string Scope::cycle(const NodeSpec& writer, const std::string& reader) const {
  std::vector<std::string> path{reader};
  std::set<std::string> seen;
  if (writer.name != reader && !path_back(writer, path, seen)) return {};
  std::string cycle = path[0];
  for (auto step = path.rbegin(); step != path.rend(); ++step) cycle += fmt::format(" -> {}", *step);
  return cycle;
}

/// Whether `node`, or one that it reads from, reads from the node at path[0]; the way there is left in `path`.
bool Scope::path_back(const NodeSpec& node, std::vector<std::string>& path, std::set<std::string>& seen) const {
  if (!seen.insert(node.name).second) return false;
  path.push_back(node.name);
  const auto target = std::ranges::find(spec_.nodes, path[0], &NodeSpec::name);
  for (const InputRef& input : node.in) {
    if (!input.constant && writes(*target, input.column.text)) return true;
  }
  for (const InputRef& input : node.in) {
    for (const NodeSpec& writer : spec_.nodes) {
      if (!input.constant && writes(writer, input.column.text) && path_back(writer, path, seen)) return true;
    }
  }
  path.pop_back();
  return false;
}

}  // namespace pipit
