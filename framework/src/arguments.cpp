#include "arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "near.h"

namespace pipit {
namespace {

using Base = ArgumentType::Base;

bool is_kind(Base base, Kind kind) {
  switch (base) {
    case Base::kString:
    case Base::kPath:
      return kind == Kind::kString;
    case Base::kInt:
      return kind == Kind::kInt;
    case Base::kFloat:
      return kind == Kind::kInt || kind == Kind::kFloat;
    case Base::kBool:
      return kind == Kind::kBool;
    case Base::kMap:
      return kind == Kind::kMap;
    default:
      return true;
  }
}

/// The value of an argument, or nothing when it is of another type. A text from outside may look like a number.
std::optional<Value> convert(const ArgumentType& type, const ArgumentSpec& written,
                             const std::filesystem::path& folder) {
  const YamlNode& node = written.value;
  const bool scalar = node.kind == YamlNode::Kind::kScalar;
  switch (type.base) {
    case Base::kEnum:
      if (!scalar || std::ranges::find(type.choices, node.text) == type.choices.end()) return std::nullopt;
      return Value(node.text);
    case Base::kString:
    case Base::kPath: {
      if (!scalar || (!written.from_outside && to_value(node).kind() != Kind::kString)) return std::nullopt;
      const bool in_file = type.base == Base::kPath && !written.from_outside && !node.text.empty();
      if (!in_file) return Value(node.text);
      return Value(((written.folder.empty() ? folder : written.folder) / node.text).string());
    }
    case Base::kList: {
      if (node.kind != YamlNode::Kind::kSequence) return std::nullopt;
      Value list = to_value(node);
      const auto good = [&](const Value& item) { return is_kind(type.item, item.kind()); };
      if (!std::ranges::all_of(list.list(), good)) return std::nullopt;
      return list;
    }
    case Base::kFloat: {
      Value value = to_value(node);
      if (!is_kind(type.base, value.kind())) return std::nullopt;
      return Value(value.number());
    }
    default: {
      Value value = to_value(node);
      if (!is_kind(type.base, value.kind())) return std::nullopt;
      return value;
    }
  }
}

std::string found_text(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::kScalar || node.is_null()) return describe(node);
  const Value value = to_value(node);
  return value.kind() == Kind::kString ? fmt::format("'{}'", node.text)
                                       : fmt::format("{} {}", kind_name(value.kind()), node.text);
}

const Argument* find(const OperatorSignature& signature, const std::string& name) {
  if (const Argument* argument = signature.find_argument(name)) return argument;
  const auto alias =
      std::ranges::find_if(signature.arguments, [&](const Argument& a) { return !a.alias.empty() && a.alias == name; });
  return alias == signature.arguments.end() ? nullptr : &*alias;
}

/// A list or a map that came as one text (from the command line, the environment, a default) is read as YAML, unless
/// the argument is a text.
void unfold(const Argument* argument, ArgumentSpec& written) {
  YamlNode& node = written.value;
  const bool is_text =
      argument != nullptr && (argument->type.base == Base::kString || argument->type.base == Base::kPath);
  if (is_text || !written.from_outside || node.kind != YamlNode::Kind::kScalar) return;
  if (!node.text.starts_with('[') && !node.text.starts_with('{')) return;
  try {
    YamlNode parsed = parse_yaml(node.text, written.name);
    parsed.line = node.line;
    node = std::move(parsed);
  } catch (const Error&) {
    // It stays a text, and is refused as one.
  }
}

/// Maps that spell an argument in a nested way ("args: {num_samples: 12}") become single entries ("args.num_samples").
std::vector<ArgumentSpec> flatten(const OperatorSignature& signature, const NodeSpec& node) {
  std::vector<ArgumentSpec> flat;
  for (ArgumentSpec written : node.args) {
    unfold(find(signature, written.name), written);
    const bool nested = written.value.kind == YamlNode::Kind::kMapping &&
                        signature.find_argument(written.name) == nullptr &&
                        std::ranges::any_of(signature.arguments,
                                            [&](const Argument& a) { return a.alias.starts_with(written.name + "."); });
    if (!nested) {
      flat.push_back(std::move(written));
      continue;
    }
    for (const auto& [key, value] : written.value.entries) {
      flat.push_back({written.name + "." + key.text, value, written.from_outside, written.overrides, written.folder});
    }
  }
  return flat;
}

}  // namespace

Value bind_arguments(const OperatorSignature& signature, const NodeSpec& node, const std::filesystem::path& folder,
                     const std::function<void(int line, const std::string& message)>& fault) {
  std::vector<std::string> names;
  for (const Argument& argument : signature.arguments) names.push_back(argument.name);

  std::map<std::string, ArgumentSpec> given;
  for (ArgumentSpec& written : flatten(signature, node)) {
    const Argument* argument = find(signature, written.name);
    if (argument == nullptr) {
      fault(written.value.line, fmt::format("operator '{}' has no argument '{}'{}{}", node.op, written.name,
                                            did_you_mean(written.name, names),
                                            names.empty() ? "; it takes none" : "; it takes " + quoted_list(names)));
    } else if (!written.overrides && given.contains(argument->name)) {
      fault(written.value.line, fmt::format("argument '{}' is given twice", argument->name));
    } else {
      given[argument->name] = std::move(written);
    }
  }

  std::vector<std::pair<std::string, Value>> bound;
  for (const Argument& argument : signature.arguments) {
    const auto found = given.find(argument.name);
    ArgumentSpec written;
    if (found != given.end() && !found->second.value.is_null()) {
      written = found->second;
    } else if (argument.default_text) {
      if (*argument.default_text == "null") {
        bound.emplace_back(argument.name, Value());
        continue;
      }
      written = {argument.name, YamlNode{.text = *argument.default_text}, true};
      unfold(&argument, written);
    } else {
      fault(node.line, fmt::format("operator '{}' needs argument '{}' ({}): {}", node.op, argument.name,
                                   argument.type_text, argument.doc));
      continue;
    }
    std::optional<Value> value = convert(argument.type, written, folder);
    if (!value) {
      std::string hint;
      if (argument.type.base == Base::kEnum) hint = did_you_mean(written.value.text, argument.type.choices);
      fault(written.value.line, fmt::format("argument '{}' takes {}, found {}{}", argument.name,
                                            argument.type.expectation(), found_text(written.value), hint));
      continue;
    }
    bound.emplace_back(argument.name, std::move(*value));
  }
  return Value::map(std::move(bound));
}

}  // namespace pipit
