#include "module/signature.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

#include "base/near.h"
#include "pipit/error.h"

namespace pipit {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw Error("invalid_module", "signature: " + what);
}

std::string text_of(const char* text, const char* what) {
  if (text == nullptr) fail(fmt::format("{} is missing", what));
  return text;
}

/// The i-th element of an array whose elements have the size that the module was built with.
template <class T>
const T& element(const T* array, std::size_t size, std::size_t i) {
  return *reinterpret_cast<const T*>(reinterpret_cast<const char*>(array) + size * i);
}

Type port_type(const std::string& port, const std::string& type) {
  try {
    return Type::parse(type);
  } catch (const Error& e) {
    fail(fmt::format("port '{}': {}", port, e.what()));
  }
}

std::vector<Port> read_ports(const pipit_port* ports, std::uint32_t count, std::size_t size, bool input) {
  std::vector<Port> result;
  std::set<std::string> names;
  for (std::uint32_t i = 0; i < count; ++i) {
    const pipit_port& raw = element(ports, size, i);
    Port port;
    port.name = text_of(raw.name, "a port's name");
    if (!names.insert(port.name).second) fail(fmt::format("duplicate port '{}'", port.name));
    port.type = port_type(port.name, text_of(raw.type, "a port's type"));
    port.doc = raw.doc ? raw.doc : "";
    if (raw.count > PIPIT_REDUCE || (!input && raw.count == PIPIT_REDUCE)) {
      fail(fmt::format("port '{}' has count {}, which this runtime does not know", port.name, raw.count));
    }
    port.count = static_cast<PortCount>(raw.count);
    result.push_back(std::move(port));
  }
  return result;
}

// The size of the table in version 1.0.
constexpr std::size_t kFirstSize = offsetof(pipit_signature, argument_count) + sizeof(pipit_signature::argument_count);

std::vector<Refusal> read_refusals(const pipit_signature& raw) {
  std::vector<Refusal> refusals;
  if (raw.struct_size < offsetof(pipit_signature, refusal_size) + sizeof(raw.refusal_size)) return refusals;
  if (raw.refusal_count > 0 && (raw.refusals == nullptr || raw.refusal_size < sizeof(pipit_refusal))) {
    fail("its list of refusals is damaged");
  }
  for (std::uint32_t i = 0; i < raw.refusal_count; ++i) {
    const pipit_refusal& from = element(raw.refusals, raw.refusal_size, i);
    refusals.push_back({text_of(from.code, "a refusal's code"), text_of(from.when, "when a refusal is given")});
  }
  return refusals;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    if (space > 0) words.emplace_back(text.substr(0, space));
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return words;
}

constexpr std::string_view kRoles[] = {"", "rows_given", "rows_used"};

/// A role that a later runtime knows is none here.
ArgumentRole parse_role(std::string_view name) {
  const auto* found = std::ranges::find(kRoles, name);
  return found == std::end(kRoles) ? ArgumentRole::kNone : static_cast<ArgumentRole>(found - kRoles);
}

/// A field that later versions appended, or null.
const char* later_text(const pipit_signature& raw, const char* const pipit_signature::*field, std::size_t offset) {
  return raw.struct_size >= offset + sizeof(const char*) ? raw.*field : nullptr;
}

void check_variant(const Variant& variant, bool per_item) {
  const auto has = [](const std::vector<Port>& ports, PortCount count) {
    return std::ranges::any_of(ports, [count](const Port& p) { return p.count == count; });
  };
  if (variant.inputs.empty()) fail("an operator has at least one input port");
  if (has(variant.outputs, PortCount::kMany) && has(variant.outputs, PortCount::kOne)) {
    fail("output ports must all give one row, or all many");
  }
  if (has(variant.inputs, PortCount::kMany) && has(variant.inputs, PortCount::kReduce)) {
    fail("an operator has window inputs or reduce inputs, not both");
  }
  if (has(variant.inputs, PortCount::kReduce) && !per_item) fail("a reduce input needs per_item");
  const bool collects = has(variant.inputs, PortCount::kMany) || has(variant.inputs, PortCount::kReduce);
  if (collects && has(variant.outputs, PortCount::kMany)) fail("a window or reduce operator gives one row, not many");
  if (has(variant.inputs, PortCount::kMany) && per_item) fail("an operator over windows is stateless, not per_item");
}

constexpr std::string_view kCounts[] = {"one", "many", "reduce"};

std::string_view count_name(PortCount count) {
  return kCounts[static_cast<int>(count)];
}

PortCount parse_count(std::string_view name) {
  const auto* found = std::ranges::find(kCounts, name);
  if (found == std::end(kCounts)) fail(fmt::format("'{}' is not a count of a port", name));
  return static_cast<PortCount>(found - kCounts);
}

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

ArgumentValues read_values(const std::string& argument, std::string_view text, std::string_view type) {
  try {
    return ArgumentValues::parse(text, type);
  } catch (const Error& e) {
    fail(fmt::format("argument '{}': {}", argument, e.what()));
  }
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
    if (list_depth(text) > kDeepestLists) fail(too_deep_text(text));
    type.item = parse(text.substr(5, text.size() - 6)).base;
    return type;
  }
  if (!text.starts_with("enum(") || !text.ends_with(')')) fail(fmt::format("'{}' is not a type of argument", text));
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

StandIn StandIn::parse(std::string_view text) {
  StandIn stand_in;
  for (const std::string& word : words_of(text)) {
    if (stand_in.work.empty()) {
      stand_in.work = word;
      continue;
    }
    const std::size_t equals = word.find('=');
    const bool from_argument = equals != std::string::npos && word.compare(equals + 1, 1, "$") == 0;
    const std::size_t value = equals + (from_argument ? 2 : 1);
    if (equals == std::string::npos || equals == 0 || value >= word.size()) {
      fail(fmt::format("what it stands for has '{}', expected argument=value", word));
    }
    stand_in.settings.push_back({word.substr(0, equals), word.substr(value), from_argument});
  }
  if (!stand_in.work.empty() && stand_in.settings.empty()) fail("what it stands for names no argument");
  return stand_in;
}

std::string StandIn::text() const {
  std::string all = work;
  for (const Setting& setting : settings) {
    all += fmt::format(" {}={}{}", setting.argument, setting.from_argument ? "$" : "", setting.value);
  }
  return all;
}

OperatorSignature OperatorSignature::read(const pipit_operator& table) {
  if (table.struct_size < offsetof(pipit_operator, report) + sizeof(table.report))
    fail(fmt::format("table of {} bytes is too small", table.struct_size));
  if (table.create == nullptr || table.destroy == nullptr || table.process == nullptr || table.signature == nullptr) {
    fail("the table lacks one of signature, create, destroy and process");
  }
  const pipit_signature& raw = *table.signature;
  // Version 1.0 has the table up to `refusals`, and arguments up to `values`.
  if (raw.struct_size < kFirstSize || raw.port_size < sizeof(pipit_port) ||
      raw.argument_size < offsetof(pipit_argument, values) || raw.variant_size < sizeof(pipit_variant)) {
    fail("its structs are smaller than version 1.0 has them");
  }
  OperatorSignature signature;
  signature.doc = raw.doc ? raw.doc : "";
  signature.variant_argument = raw.variant_argument ? raw.variant_argument : "";
  signature.per_item = raw.state == PIPIT_PER_ITEM;
  signature.uses_threads = (raw.flags & PIPIT_USES_THREADS) != 0;
  signature.batch = raw.batch;
  for (std::uint32_t i = 0; i < raw.argument_count; ++i) {
    const pipit_argument& from = element(raw.arguments, raw.argument_size, i);
    Argument argument;
    argument.name = text_of(from.name, "an argument's name");
    if (signature.find_argument(argument.name) != nullptr) fail(fmt::format("duplicate argument '{}'", argument.name));
    argument.type_text = text_of(from.type, "an argument's type");
    argument.type = ArgumentType::parse(argument.type_text);
    if (from.default_text != nullptr) argument.default_text = from.default_text;
    argument.doc = from.doc ? from.doc : "";
    argument.alias = from.alias ? from.alias : "";
    const bool has_values =
        raw.argument_size >= offsetof(pipit_argument, values) + sizeof(from.values) && from.values != nullptr;
    const bool has_role =
        raw.argument_size >= offsetof(pipit_argument, role) + sizeof(from.role) && from.role != nullptr;
    if (has_role) argument.role = parse_role(from.role);
    argument.values = read_values(argument.name, has_values ? from.values : "", argument.type_text);
    signature.arguments.push_back(std::move(argument));
  }
  for (std::uint32_t i = 0; i < raw.variant_count; ++i) {
    const pipit_variant& from = element(raw.variants, raw.variant_size, i);
    Variant variant;
    variant.value = from.value ? from.value : "";
    variant.inputs = read_ports(from.inputs, from.input_count, raw.port_size, true);
    variant.outputs = read_ports(from.outputs, from.output_count, raw.port_size, false);
    signature.variants.push_back(std::move(variant));
  }
  signature.refusals = read_refusals(raw);
  if (const char* text = later_text(raw, &pipit_signature::performs, offsetof(pipit_signature, performs))) {
    signature.performs = words_of(text);
  }
  if (const char* text = later_text(raw, &pipit_signature::stands_for, offsetof(pipit_signature, stands_for))) {
    signature.stands_for = StandIn::parse(text);
  }
  signature.check();
  return signature;
}

void OperatorSignature::check() const {
  for (const StandIn::Setting& setting : stands_for.settings) {
    if (setting.from_argument && find_argument(setting.value) == nullptr) {
      fail(fmt::format("what it stands for has '${}', which is not one of its arguments", setting.value));
    }
  }
  for (const Variant& variant : variants) check_variant(variant, per_item);
  if (variants.empty()) fail("an operator has at least one input port");
  if (variant_argument.empty() != (variants.size() == 1 && variants[0].value.empty())) {
    fail("variants and the argument that chooses them must come together");
  }
  if (variant_argument.empty()) return;
  const Argument* chooser = find_argument(variant_argument);
  if (chooser == nullptr || chooser->type.base != ArgumentType::Base::kEnum) {
    fail(fmt::format("the variants are chosen by '{}', which is not an argument of type enum", variant_argument));
  }
  for (const std::string& choice : chooser->type.choices) {
    if (std::ranges::count(variants, choice, &Variant::value) != 1)
      fail(fmt::format("argument '{}' may be '{}', which has not one variant", variant_argument, choice));
  }
}

std::string OperatorSignature::to_json() const {
  nlohmann::ordered_json json;
  json["doc"] = doc;
  json["state"] = per_item ? "per_item" : "stateless";
  json["uses_threads"] = uses_threads;
  json["batch"] = batch;
  json["arguments"] = nlohmann::ordered_json::array();
  for (const Argument& a : arguments) {
    nlohmann::ordered_json one = {
        {"name", a.name}, {"type", a.type_text}, {"required", !a.default_text}, {"doc", a.doc}};
    if (a.default_text) one["default"] = *a.default_text;
    if (!a.alias.empty()) one["alias"] = a.alias;
    if (!a.values.all()) one["values"] = a.values.text();
    if (a.role != ArgumentRole::kNone) one["role"] = kRoles[static_cast<int>(a.role)];
    json["arguments"].push_back(std::move(one));
  }
  json["variant_argument"] = variant_argument;
  json["variants"] = nlohmann::ordered_json::array();
  const auto ports = [](const std::vector<Port>& list) {
    auto array = nlohmann::ordered_json::array();
    for (const Port& p : list) {
      array.push_back({{"name", p.name}, {"type", p.type.text()}, {"count", count_name(p.count)}, {"doc", p.doc}});
    }
    return array;
  };
  for (const Variant& v : variants) {
    json["variants"].push_back({{"value", v.value}, {"inputs", ports(v.inputs)}, {"outputs", ports(v.outputs)}});
  }
  for (const Refusal& r : refusals) json["refusals"].push_back({{"code", r.code}, {"when", r.when}});
  if (!performs.empty()) json["performs"] = performs;
  if (!stands_for.work.empty()) json["stands_for"] = stands_for.text();
  return json.dump();
}

OperatorSignature OperatorSignature::from_json(std::string_view text) {
  try {
    const auto json = nlohmann::json::parse(text);
    OperatorSignature signature;
    signature.doc = json.at("doc");
    signature.per_item = json.at("state") == "per_item";
    signature.uses_threads = json.at("uses_threads");
    signature.batch = json.at("batch");
    for (const auto& a : json.at("arguments")) {
      Argument argument{a.at("name"), a.at("type"), ArgumentType::parse(a.at("type").get<std::string>()),
                        {},           a.at("doc"),  a.value("alias", "")};
      argument.values = read_values(argument.name, a.value("values", ""), argument.type_text);
      argument.role = parse_role(a.value("role", ""));
      if (a.contains("default")) argument.default_text = a.at("default");
      signature.arguments.push_back(std::move(argument));
    }
    signature.variant_argument = json.at("variant_argument");
    const auto ports = [](const nlohmann::json& array) {
      std::vector<Port> list;
      for (const auto& p : array) {
        list.push_back({p.at("name"), port_type(p.at("name"), p.at("type")),
                        parse_count(p.at("count").get<std::string>()), p.at("doc")});
      }
      return list;
    };
    for (const auto& v : json.at("variants")) {
      signature.variants.push_back({v.at("value"), ports(v.at("inputs")), ports(v.at("outputs"))});
    }
    for (const auto& r : json.value("refusals", nlohmann::json::array())) {
      signature.refusals.push_back({r.at("code"), r.at("when")});
    }
    if (json.contains("performs")) signature.performs = json.at("performs").get<std::vector<std::string>>();
    signature.stands_for = StandIn::parse(json.value("stands_for", ""));
    signature.check();
    return signature;
  } catch (const nlohmann::json::exception& e) {
    fail(fmt::format("the one in the file is damaged: {}", e.what()));
  }
}

const Argument* OperatorSignature::find_argument(std::string_view name) const {
  const auto found = std::ranges::find_if(arguments, [&](const Argument& a) { return a.name == name; });
  return found == arguments.end() ? nullptr : &*found;
}

}  // namespace pipit
