#include "substitution.h"

#include <fmt/format.h>

#include <cstdlib>
#include <vector>

#include "near.h"

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

/// The value of `NAME` or `NAME:-default`; nothing when it is unset.
std::optional<Substituted> from_environment(std::string_view reference) {
  const std::size_t mark = reference.find(":-");
  const std::string name(reference.substr(0, mark));
  const char* value = std::getenv(name.c_str());
  if (value != nullptr && (*value != '\0' || mark == std::string_view::npos)) return Substituted{value, false, true};
  if (mark == std::string_view::npos) return std::nullopt;
  return Substituted{std::string(reference.substr(mark + 2)), false, false};
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
      const std::string_view reference = text.substr(2, close - 2);
      if (name_length(reference) == 0) {
        fault(fmt::format("'{}' names no environment variable", text.substr(0, close + 1)));
      } else if (const auto value = from_environment(reference)) {
        put(*value, text.size() == whole.size() && close + 1 == whole.size());
      } else {
        unset(reference);
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
