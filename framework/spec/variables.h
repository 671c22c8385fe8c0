// The vars of a file, and the texts that refer to them and to the environment.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "spec/spec.h"

namespace pipit {

/// Substitutes references in the nodes of one file. Faults go to the file's.
class Variables {
 public:
  Variables(Spec& spec, const Spec::Options& options) : spec_(spec), options_(options) {}

  /// The file's `vars`; overrides take the place of what stands there.
  void define(const YamlNode& vars);
  const std::vector<std::string>& names() const { return names_; }

  /// The text of a scalar.
  Substituted substitute(const YamlNode& scalar) const;
  /// All texts of a node, in place. Returns what they need together and whether one has a fault; of a scalar also what
  /// it is.
  Substituted substitute_in(YamlNode& node) const;

 private:
  std::string unset_text(std::string_view name, std::string_view message) const;

  Spec& spec_;
  const Spec::Options& options_;
  Substitution substitution_;
  std::vector<std::string> names_;
};

}  // namespace pipit
