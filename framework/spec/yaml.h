// YAML as a tree that remembers where everything stands and loses nothing: duplicate keys are found, which yaml-cpp's
// own tree drops silently.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pipit/value.h"
#include "spec/faults.h"

namespace pipit {

struct YamlNode {
  enum class Kind { kScalar, kSequence, kMapping };

  Kind kind = Kind::kScalar;
  SourcePlace at{};     // of a value that is left out, the key
  std::string text{};   // of a scalar
  bool quoted = false;  // a quoted or block scalar is a string, whatever it looks like
  std::vector<YamlNode> items{};
  std::vector<std::pair<YamlNode, YamlNode>> entries{};

  bool is_null() const;
  const YamlNode* find(std::string_view key) const;
};

/// "a mapping", "a list", "'text'": what a node is, for messages.
std::string describe(const YamlNode& node);

/// A scalar as a value by YAML's core schema (null, true, 12, 0.5, text), a list or map of such.
Value to_value(const YamlNode& node);

/// Parses one document. Faults (syntax, duplicate keys, anchors, tags, several documents, nesting beyond 64) are thrown
/// as pipit::Error (`invalid_pipeline`).
YamlNode parse_yaml(std::string_view text, std::string_view place);
/// Likewise, but what does not hinder reading on is added to `faults`, which shows the text.
YamlNode parse_yaml(std::string_view text, Faults& faults);

}  // namespace pipit
