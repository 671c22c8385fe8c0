#include "spec/variables.h"

#include <fmt/format.h>

namespace pipit {

void Variables::define(const YamlNode& vars) {
  if (vars.kind != YamlNode::Kind::kMapping) {
    spec_.faults.add(vars.at, fmt::format("'vars' must map names to texts, found {}", describe(vars)));
    return;
  }
  for (const auto& [key, value] : vars.entries) {
    const bool is_text = value.kind == YamlNode::Kind::kScalar;
    if (!is_text) {
      spec_.faults.add(value.at,
                       fmt::format("var '{}' must be a text or a number, found {}", key.text, describe(value)));
    }
    Substituted text;
    if (const Override* set = options_.override_of("vars." + key.text)) {
      text = {set->value, false, set->from_outside, set->folder, set->unset, set->told};
    } else if (is_text) {
      text = substitute(value);
    } else {
      text.told = true;
    }
    names_.push_back(key.text);
    spec_.vars.push_back({key.text, text});
    substitution_.define(key.text, std::move(text));
  }
}

Substituted Variables::substitute(const YamlNode& scalar) const {
  std::vector<UnsetVariable> unset;
  bool told = false;
  Substituted done = substitution_.apply(
      scalar.text, scalar.quoted,
      [&](std::string_view name, std::string_view message) {
        unset.push_back({spec_.place, scalar.at, unset_text(name, message)});
      },
      [&](const std::string& message) {
        told = true;
        spec_.faults.add(scalar.at, message);
      });
  done.told = done.told || told;
  done.unset.insert(done.unset.end(), unset.begin(), unset.end());
  return done;
}

Substituted Variables::substitute_in(YamlNode& node) const {
  Substituted all;
  if (node.kind == YamlNode::Kind::kScalar) {
    all = substitute(node);
    node.text = all.text;
    node.quoted = all.quoted;
  }
  const auto add = [&](YamlNode& part) {
    const Substituted one = substitute_in(part);
    all.unset.insert(all.unset.end(), one.unset.begin(), one.unset.end());
    all.told = all.told || one.told;
  };
  for (YamlNode& item : node.items) add(item);
  for (auto& [key, value] : node.entries) add(value);
  return all;
}

/// In a message of `${NAME:?message}`, `$folder` is the folder of the file.
std::string Variables::unset_text(std::string_view name, std::string_view message) const {
  if (message.empty()) {
    return fmt::format("environment variable '{}' is not set and '${{{}}}' gives no default", name, name);
  }
  constexpr std::string_view kFolder = "$folder";
  std::string text(message);
  const std::string folder = spec_.folder.empty() ? "." : spec_.folder.string();
  for (std::size_t at = 0; (at = text.find(kFolder, at)) != std::string::npos; at += folder.size()) {
    text.replace(at, kFolder.size(), folder);
  }
  return text;
}

}  // namespace pipit
