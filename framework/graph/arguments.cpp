#include "graph/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "base/near.h"

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

/// The text found; with its type where the type is wrong.
std::string found_text(const YamlNode& node, bool of_type) {
  if (node.kind != YamlNode::Kind::kScalar || node.is_null()) return describe(node);
  const Value value = to_value(node);
  if (value.kind() == Kind::kString) return describe(node);
  return of_type ? node.text : fmt::format("{} {}", kind_name(value.kind()), node.text);
}

/// Makes the value of an argument from what is written, or says what is wrong with it.
class Converter {
 public:
  Converter(const OperatorSignature& signature, const Argument& argument, const ArgumentSpec& written,
            const std::filesystem::path& folder)
      : signature_(signature), argument_(argument), written_(written), folder_(folder) {}

  /// Nothing when it is wrong; then fault() says how.
  std::optional<Value> convert() {
    if (argument_.type.base == Base::kList) return convert_list();
    std::optional<Value> value = of_type();
    if (!value || !argument_.values.takes(*value)) {
      return refuse(found_text(written_.value, value.has_value()) + hint());
    }
    if (argument_.type.base == Base::kPath) return existing(*value);
    return argument_.values.canonical(*value);
  }

  const std::string& fault() const { return fault_; }
  /// The place of the fault.
  SourcePlace place() const { return place_; }

 private:
  /// The value, or nothing when it is of another type. A text from outside may look like a number.
  std::optional<Value> of_type() const {
    const YamlNode& node = written_.value;
    const bool scalar = node.kind == YamlNode::Kind::kScalar;
    switch (argument_.type.base) {
      case Base::kEnum: {
        const auto& choices = argument_.type.choices;
        if (!scalar || std::ranges::find(choices, node.text) == choices.end()) return std::nullopt;
        return Value(node.text);
      }
      case Base::kString:
      case Base::kPath: {
        if (!scalar || (!written_.from_outside && to_value(node).kind() != Kind::kString)) return std::nullopt;
        const bool in_file = argument_.type.base == Base::kPath && !written_.from_outside && !node.text.empty();
        if (!in_file) return Value(node.text);
        return Value(((written_.folder.empty() ? folder_ : written_.folder) / node.text).string());
      }
      default: {
        Value value = to_value(node);
        if (!is_kind(argument_.type.base, value.kind())) return std::nullopt;
        return argument_.type.base == Base::kFloat ? Value(value.number()) : value;
      }
    }
  }

  std::optional<Value> convert_list() {
    if (written_.value.kind != YamlNode::Kind::kSequence) return refuse(found_text(written_.value, false));
    std::vector<Value> items;
    for (const YamlNode& item : written_.value.items) {
      Value value = to_value(item);
      const bool of_type = is_kind(argument_.type.item, value.kind());
      if (!of_type || !argument_.values.takes(value)) {
        place_ = item.at;
        return refuse(fmt::format("{} as its item {}", found_text(item, of_type), items.size() + 1));
      }
      items.push_back(argument_.values.canonical(value));
    }
    return Value::list(std::move(items));
  }

  std::optional<Value> existing(const Value& path) {
    const std::string text(path.string());
    const std::string wrong =
        text.empty() && !argument_.values.all() ? "is not a path" : argument_.values.path_fault(text);
    if (wrong.empty()) return path;
    fault_ = fmt::format("argument '{}': '{}' {}", argument_.name, text, wrong);
    return std::nullopt;
  }

  std::optional<Value> refuse(const std::string& found) {
    fault_ = fmt::format("argument '{}' takes {}, found {}", argument_.name, argument_.expectation(), found);
    return std::nullopt;
  }

  /// What was probably meant: a near name, or a path that belongs elsewhere.
  std::string hint() const {
    const std::string& text = written_.value.text;
    const bool is_enum = argument_.type.base == Base::kEnum;
    const auto& choices = is_enum ? argument_.type.choices : argument_.values.choices();
    const std::string near = did_you_mean(text, choices);
    if (!near.empty() || choices.empty() || text.find('/') == std::string::npos) return near;
    const auto path =
        std::ranges::find(signature_.arguments, Base::kPath, [](const Argument& a) { return a.type.base; });
    return path == signature_.arguments.end() ? "" : fmt::format("; the path of a file goes into '{}'", path->name);
  }

  const OperatorSignature& signature_;
  const Argument& argument_;
  const ArgumentSpec& written_;
  const std::filesystem::path& folder_;
  std::string fault_;
  SourcePlace place_ = written_.value.at;
};

const Argument* find(const OperatorSignature& signature, const std::string& name) {
  if (const Argument* argument = signature.find_argument(name)) return argument;
  const auto alias =
      std::ranges::find_if(signature.arguments, [&](const Argument& a) { return !a.alias.empty() && a.alias == name; });
  return alias == signature.arguments.end() ? nullptr : &*alias;
}

/// The parts of a parsed text have the place of the text.
void place(YamlNode& node, SourcePlace at) {
  node.at = at;
  for (YamlNode& item : node.items) place(item, at);
  for (auto& [key, value] : node.entries) {
    key.at = at;
    place(value, at);
  }
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
    place(parsed, node.at);
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
      flat.push_back({written.name + "." + key.text, value, written.from_outside, written.overrides, written.folder,
                      written.unset, written.told, key.at});
    }
  }
  return flat;
}

/// The written arguments, by the names of the signature.
std::map<std::string, ArgumentSpec> by_argument(const OperatorSignature& signature, const NodeSpec& node,
                                                const ArgumentFaults& tell) {
  std::vector<std::string> names;
  for (const Argument& argument : signature.arguments) names.push_back(argument.name);
  std::map<std::string, ArgumentSpec> given;
  std::vector<ArgumentSpec> slips;
  for (ArgumentSpec& written : flatten(signature, node)) {
    const Argument* argument = find(signature, written.name);
    if (argument == nullptr) {
      tell.fault(written.at, fmt::format("operator '{}' has no argument '{}'{}", node.op, written.name,
                                         instead(written.name, names, "it takes")));
      slips.push_back(std::move(written));
    } else if (!written.overrides && given.contains(argument->name)) {
      tell.fault(written.at, fmt::format("duplicate argument '{}'", argument->name));
    } else {
      given[argument->name] = std::move(written);
    }
  }
  for (ArgumentSpec& slip : slips) {
    const std::string meant = near_name(slip.name, names);
    if (!meant.empty()) given.try_emplace(meant, std::move(slip));
  }
  return given;
}

}  // namespace

Value bind_arguments(const OperatorSignature& signature, const NodeSpec& node, const std::filesystem::path& folder,
                     const ArgumentFaults& tell) {
  const std::map<std::string, ArgumentSpec> given = by_argument(signature, node, tell);
  std::vector<std::pair<std::string, Value>> bound;
  for (const Argument& argument : signature.arguments) {
    Value& value = bound.emplace_back(argument.name, Value()).second;
    const auto found = given.find(argument.name);
    ArgumentSpec written;
    if (found != given.end() && (found->second.told || !found->second.unset.empty())) {
      std::ranges::for_each(found->second.unset, tell.unset);
      continue;
    }
    if (found != given.end() && !found->second.value.is_null()) {
      written = found->second;
    } else if (argument.default_text) {
      if (*argument.default_text == "null") continue;
      written = {argument.name, YamlNode{.at = node.part("op"), .text = *argument.default_text}, true};
      unfold(&argument, written);
    } else {
      tell.fault(node.part("op"), fmt::format("operator '{}' needs argument '{}' ({}): {}", node.op, argument.name,
                                              argument.type_text, argument.doc));
      continue;
    }
    Converter converter(signature, argument, written, folder);
    if (std::optional<Value> converted = converter.convert()) {
      value = std::move(*converted);
    } else {
      tell.fault(converter.place(), converter.fault());
    }
  }
  return Value::map(std::move(bound));
}

std::optional<std::size_t> choose_variant(const OperatorSignature& signature, const Value& arguments) {
  if (signature.variant_argument.empty()) return 0;
  const Value chosen = arguments.get(signature.variant_argument);
  if (chosen.kind() != Kind::kString) return std::nullopt;
  const auto found = std::ranges::find(signature.variants, chosen.string(), &Variant::value);
  if (found == signature.variants.end()) return std::nullopt;
  return static_cast<std::size_t>(found - signature.variants.begin());
}

bool asks_for_cuda(const OperatorSignature& signature, const Value& arguments) {
  return std::ranges::any_of(signature.arguments, [&](const Argument& argument) {
    if (!argument.values.are_devices()) return false;
    const Value device = arguments.get(argument.name);
    return device.kind() == Kind::kString && device.string().starts_with("cuda");
  });
}

}  // namespace pipit
