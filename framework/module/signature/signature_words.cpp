#include "module/signature/signature_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "pipit/error.h"

namespace pipit {
namespace {

constexpr std::string_view kRoles[] = {"", "rows_given", "rows_used"};
constexpr std::string_view kCounts[] = {"one", "many", "reduce"};

}  // namespace

void fail_signature(const std::string& what) {
  throw Error("invalid_module", "signature: " + what);
}

Type parse_port_type(const std::string& port, const std::string& type) {
  try {
    return Type::parse(type);
  } catch (const Error& e) {
    fail_signature(fmt::format("port '{}': {}", port, e.what()));
  }
}

ArgumentValues parse_argument_values(const std::string& argument, std::string_view text, std::string_view type) {
  try {
    return ArgumentValues::parse(text, type);
  } catch (const Error& e) {
    fail_signature(fmt::format("argument '{}': {}", argument, e.what()));
  }
}

ArgumentRole parse_role(std::string_view name) {
  const auto* found = std::ranges::find(kRoles, name);
  return found == std::end(kRoles) ? ArgumentRole::kNone : static_cast<ArgumentRole>(found - kRoles);
}

std::string_view role_name(ArgumentRole role) {
  return kRoles[static_cast<int>(role)];
}

PortCount parse_count(std::string_view name) {
  const auto* found = std::ranges::find(kCounts, name);
  if (found == std::end(kCounts)) fail_signature(fmt::format("'{}' is not a count of a port", name));
  return static_cast<PortCount>(found - kCounts);
}

std::string_view count_name(PortCount count) {
  return kCounts[static_cast<int>(count)];
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    if (space > 0) words.emplace_back(text.substr(0, space));
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return words;
}

}  // namespace pipit
