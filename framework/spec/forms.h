// The forms that parts of a file may have: a text, names, a number, a mapping of known keys.
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "spec/faults.h"
#include "spec/yaml.h"

namespace pipit {

bool is_identifier(std::string_view text);

/// "1 column", "3 columns".
std::string counted_columns(std::size_t count);

/// The value of a key, also of one that is misspelt, which check_keys() reports: the rest is read as it was meant.
const YamlNode* find_meant(const YamlNode& map, std::string_view key, const std::vector<std::string>& known);

/// Reads YAML as a form that is expected. What has another one is a fault, and something that fits is returned for it.
class Forms {
 public:
  explicit Forms(Faults& faults) : faults_(faults) {}

  /// `subject` stands before the message: "node 'x': ".
  void check_keys(const YamlNode& map, const std::vector<std::string>& known, std::string_view subject);
  /// For a part of a node: `subject` ends in its name, "node 'x': 'queue'".
  void check_part(const YamlNode& map, const std::vector<std::string>& known, const std::string& subject);
  std::string scalar(const YamlNode& node, std::string_view what);
  /// A name or a list of names.
  std::vector<YamlNode> names(const YamlNode& node, std::string_view what);
  template <class T>
  T number(const YamlNode& node, std::string_view what, T least);

 private:
  Faults& faults_;
};

template <class T>
T Forms::number(const YamlNode& node, std::string_view what, T least) {
  T value{};
  const char* first = node.text.data();
  const auto [end, error] = std::from_chars(first, first + node.text.size(), value);
  if (node.kind != YamlNode::Kind::kScalar || error != std::errc() || end != first + node.text.size() ||
      !(value >= least) || value > std::numeric_limits<T>::max()) {
    faults_.add(node.at, fmt::format("{} must be a number of at least {}, found {}", what, least, describe(node)));
    return least;
  }
  return value;
}

}  // namespace pipit
