#include "spec/substitution.h"

#include <fmt/format.h>

#include <cstdlib>
#include <vector>

#include "base/near.h"

namespace pipit {
namespace {

bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool in_name(char c) {
  return starts_name(c) || (c >= '0' && c <= '9');
}

std::size_t name_length(std::string_view text) {
  if (text.empty() || !starts_name(text[0])) return 0;
  std::size_t n = 1;
  while (n < text.size() && in_name(text[n])) ++n;
  return n;
}

/// The text between the braces: `NAME`, `NAME:-default` or `NAME:?message`.
struct Reference {
  explicit Reference(std::string_view text) {
    const std::size_t colon = text.find(':');
    const std::string_view mark = text.substr(std::min(colon, text.size()), 2);
    has_default = mark == ":-";
    has_message = mark == ":?";
    name = has_default || has_message ? text.substr(0, colon) : text;
    if (has_default || has_message) rest = text.substr(colon + 2);
  }

  std::string_view name;
  std::string_view rest;  // the default or the message
  bool has_default = false;
  bool has_message = false;
};

/// Nothing when the variable is unset and there is no default. As in a shell, with `:-` and `:?` an empty variable
/// counts as unset.
std::optional<Substituted> from_environment(const Reference& reference) {
  const char* value = std::getenv(std::string(reference.name).c_str());
  const bool may_be_empty = !reference.has_default && !reference.has_message;
  if (value != nullptr && (*value != '\0' || may_be_empty)) return Substituted{value, false, true};
  if (!reference.has_default) return std::nullopt;
  return Substituted{std::string(reference.rest), false, false};
}

}  // namespace

Substituted Substitution::apply(std::string_view text, bool quoted, const Unset& unset, const Fault& fault) const {
  Substituted result{{}, quoted, false};
  const std::string_view whole = text;
  const auto put = [&](const Substituted& value, bool is_whole) {
    if (result.text.empty()) {
      result.from_outside = value.from_outside;
      result.folder = value.folder;
    }
    result.text += value.text;
    result.told = result.told || value.told;
    result.unset.insert(result.unset.end(), value.unset.begin(), value.unset.end());
    if (is_whole && value.quoted) result.quoted = true;
  };
  while (!text.empty()) {
    const std::size_t dollar = std::min(text.find('$'), text.size());
    result.text += text.substr(0, dollar);
    text.remove_prefix(dollar);
    if (text.empty()) break;
    if (text.starts_with("$$")) {
      result.text += '$';
      text.remove_prefix(2);
    } else if (text.starts_with("${")) {
      const std::size_t close = text.find('}');
      if (close == std::string_view::npos) {
        fault(fmt::format("'{}' lacks its closing '}}'", text));
        break;
      }
      const Reference reference(text.substr(2, close - 2));
      if (name_length(reference.name) == 0) {
        fault(fmt::format("'{}' names no environment variable", text.substr(0, close + 1)));
      } else if (const auto value = from_environment(reference)) {
        put(*value, text.size() == whole.size() && close + 1 == whole.size());
      } else {
        unset(reference.name, reference.has_message ? reference.rest : std::string_view());
        result.text += text.substr(0, close + 1);
      }
      text.remove_prefix(close + 1);
    } else if (const std::size_t length = name_length(text.substr(1)); length > 0) {
      const std::string name(text.substr(1, length));
      if (const auto found = vars_.find(name); found != vars_.end()) {
        put(found->second, text.size() == whole.size() && length + 1 == whole.size());
      } else {
        std::vector<std::string> names;
        for (const auto& [known, value] : vars_) names.push_back(known);
        fault(fmt::format("no var '{}' (write $$ for a dollar sign){}", name, did_you_mean(name, names)));
      }
      text.remove_prefix(length + 1);
    } else {
      result.text += '$';
      text.remove_prefix(1);
    }
  }
  return result;
}

}  // namespace pipit
