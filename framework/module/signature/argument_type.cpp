#include "module/signature/argument_type.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/near.h"
#include "module/signature/signature_words.h"
#include "value/type.h"

namespace pipit {
namespace {

constexpr std::pair<std::string_view, ArgumentType::Base> kBases[] = {
    {"string", ArgumentType::Base::kString}, {"path", ArgumentType::Base::kPath}, {"int", ArgumentType::Base::kInt},
    {"float", ArgumentType::Base::kFloat},   {"bool", ArgumentType::Base::kBool}, {"map", ArgumentType::Base::kMap},
    {"any", ArgumentType::Base::kAny}};

std::string_view base_name(ArgumentType::Base base) {
  for (const auto& [name, value] : kBases) {
    if (value == base) return name;
  }
  return "list";
}

std::string with_article(std::string_view name) {
  return (name == "int" ? "an " : "a ") + std::string(name);
}

/// A list's items: "strings".
std::string plural(ArgumentType::Base base) {
  if (base == ArgumentType::Base::kAny) return "values";
  return std::string(base_name(base)) + "s";
}

}  // namespace

ArgumentType ArgumentType::parse(std::string_view text) {
  ArgumentType type;
  for (const auto& [name, base] : kBases) {
    if (text == name) {
      type.base = base;
      return type;
    }
  }
  if (text.starts_with("list<") && text.ends_with('>')) {
    type.base = Base::kList;
    // A parser that calls itself must not be led far.
    if (list_depth(text) > kDeepestLists) fail_signature(too_deep_text(text));
    type.item = parse(text.substr(5, text.size() - 6)).base;
    return type;
  }
  if (!text.starts_with("enum(") || !text.ends_with(')'))
    fail_signature(fmt::format("'{}' is not a type of argument", text));
  type.base = Base::kEnum;
  std::string_view rest = text.substr(5, text.size() - 6);
  while (!rest.empty()) {
    const std::size_t bar = std::min(rest.find('|'), rest.size());
    type.choices.emplace_back(rest.substr(0, bar));
    rest.remove_prefix(std::min(bar + 1, rest.size()));
  }
  return type;
}

std::string ArgumentType::expectation(const ArgumentValues& values) const {
  const std::string range = values.range_text();
  const std::string noun = values.noun();
  if (base == Base::kList) {
    return fmt::format("a list of {}{}", plural(item), noun.empty() ? range : fmt::format(", each {}", noun));
  }
  if (!noun.empty()) return noun;
  if (base == Base::kEnum) return "one of " + quoted_list(choices);
  if (base == Base::kAny) return "any value";
  return with_article(base_name(base)) + range;
}

}  // namespace pipit
