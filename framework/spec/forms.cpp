#include "spec/forms.h"

#include <algorithm>

#include "base/near.h"

namespace pipit {

bool is_identifier(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !text.empty() && letter(text[0]) &&
         std::ranges::all_of(text, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::string counted_columns(std::size_t count) {
  return fmt::format("{} column{}", count, count == 1 ? "" : "s");
}

const YamlNode* find_meant(const YamlNode& map, std::string_view key, const std::vector<std::string>& known) {
  if (const YamlNode* value = map.find(key)) return value;
  for (const auto& [name, value] : map.entries) {
    if (std::ranges::find(known, name.text) == known.end() && near_name(name.text, known) == key) return &value;
  }
  return nullptr;
}

void Forms::check_part(const YamlNode& map, const std::vector<std::string>& known, const std::string& subject) {
  check_keys(map, known, subject + ": ");
  if (map.kind != YamlNode::Kind::kMapping)
    faults_.add(map.at,
                fmt::format("{} must be a mapping of {}, found {}", subject, quoted_list(known), describe(map)));
}

void Forms::check_keys(const YamlNode& map, const std::vector<std::string>& known, std::string_view subject) {
  for (const auto& [key, value] : map.entries) {
    if (std::ranges::find(known, key.text) == known.end()) {
      faults_.add(key.at, fmt::format("{}no key '{}'{}", subject, key.text, instead(key.text, known, "the keys are")));
    }
  }
}

std::string Forms::scalar(const YamlNode& node, std::string_view what) {
  if (node.kind != YamlNode::Kind::kScalar || node.is_null()) {
    faults_.add(node.at, fmt::format("'{}' must be a text, found {}", what, describe(node)));
    return {};
  }
  return node.text;
}

std::vector<YamlNode> Forms::names(const YamlNode& node, std::string_view what) {
  std::vector<YamlNode> list;
  if (node.kind == YamlNode::Kind::kScalar) list.push_back(node);
  if (node.kind == YamlNode::Kind::kSequence) list = node.items;
  if (node.kind == YamlNode::Kind::kMapping) {
    faults_.add(node.at, fmt::format("'{}' must be a name or a list of names, found {}", what, describe(node)));
  }
  std::erase_if(list, [&](const YamlNode& item) {
    const bool good = item.kind == YamlNode::Kind::kScalar && is_identifier(item.text);
    if (!good)
      faults_.add(item.at,
                  fmt::format("'{}': {} is not a name; expected letters, digits and '_'", what, describe(item)));
    return !good;
  });
  return list;
}

}  // namespace pipit
