// The section `.pipit.signature`, and what `pipit inspect --json` prints:
//
//   {
//     "doc": "…", "state": "stateless" or "per_item", "uses_threads": false, "batch": 0,
//     "arguments": [{"name": "…", "type": "int", "required": false, "doc": "…", "default": "1",
//                    "alias": "args.times", "values": "range:1..", "role": "rows_given"}, …],
//                                    the last four only where there is one; "required": it has no default
//     "variant_argument": "modality",      empty where there is one variant
//     "variants": [{"value": "video", "inputs": [PORT, …], "outputs": [PORT, …]}, …],
//     "refusals": [{"code": "…", "when": "…"}, …],   where there are any, as the following
//     "performs": ["…", …],
//     "stands_for": "WORK ARGUMENT=VALUE …"
//   }
//
//   PORT: {"name": "…", "type": "tensor<f32>[512]", "count": "one", "many" or "reduce", "doc": "…"}
#include <fmt/format.h>

#include <utility>

#include "module/signature/signature.h"
#include "module/signature/signature_words.h"
#include "value/json_reader.h"
#include "value/json_text.h"

namespace pipit {

namespace {

using Entries = std::vector<std::pair<std::string, Value>>;

template <class Items, class ToValue>
Value list_of(const Items& items, ToValue to_value) {
  std::vector<Value> values;
  for (const auto& item : items) values.push_back(to_value(item));
  return Value::list(std::move(values));
}

Value argument_value(const Argument& a) {
  Entries entries = {{"name", a.name}, {"type", a.type_text}, {"required", !a.default_text}, {"doc", a.doc}};
  if (a.default_text) entries.emplace_back("default", *a.default_text);
  if (!a.alias.empty()) entries.emplace_back("alias", a.alias);
  if (!a.values.all()) entries.emplace_back("values", a.values.text());
  if (a.role != ArgumentRole::kNone) entries.emplace_back("role", role_name(a.role));
  return Value::map(std::move(entries));
}

Value port_value(const Port& p) {
  return Value::map({{"name", p.name}, {"type", p.type.text()}, {"count", count_name(p.count)}, {"doc", p.doc}});
}

/// What an object must have.
Value member(const Value& object, std::string_view name) {
  for (std::size_t i = 0; i < object.map_size(); ++i) {
    auto [key, value] = object.map_at(i);
    if (key == name) return value;
  }
  throw Error("invalid_input", fmt::format("no '{}' where there must be one", name));
}

std::string text(const Value& object, std::string_view name) {
  return std::string(member(object, name).string());
}

/// A text that may be missing.
std::string optional_text(const Value& object, std::string_view name) {
  const Value found = object.get(name);
  return found.is_null() ? "" : std::string(found.string());
}

Argument read_argument(const Value& a) {
  Argument argument{text(a, "name"), text(a, "type"),          ArgumentType::parse(text(a, "type")), {},
                    text(a, "doc"),  optional_text(a, "alias")};
  argument.values = parse_argument_values(argument.name, optional_text(a, "values"), argument.type_text);
  argument.role = parse_role(optional_text(a, "role"));
  if (!a.get("default").is_null()) argument.default_text = text(a, "default");
  return argument;
}

std::vector<Port> read_ports(const Value& list) {
  std::vector<Port> ports;
  for (const Value& p : list.list()) {
    ports.push_back({text(p, "name"), parse_port_type(text(p, "name"), text(p, "type")), parse_count(text(p, "count")),
                     text(p, "doc")});
  }
  return ports;
}

}  // namespace

std::string OperatorSignature::to_json() const {
  Entries entries = {{"doc", doc},
                     {"state", per_item ? "per_item" : "stateless"},
                     {"uses_threads", uses_threads},
                     {"batch", std::int64_t{batch}},
                     {"arguments", list_of(arguments, argument_value)},
                     {"variant_argument", variant_argument},
                     {"variants", list_of(variants, [](const Variant& v) {
                        return Value::map({{"value", v.value},
                                           {"inputs", list_of(v.inputs, port_value)},
                                           {"outputs", list_of(v.outputs, port_value)}});
                      })}};
  if (!refusals.empty()) {
    entries.emplace_back("refusals", list_of(refusals, [](const Refusal& r) {
                           return Value::map({{"code", r.code}, {"when", r.when}});
                         }));
  }
  if (!performs.empty()) {
    entries.emplace_back("performs", list_of(performs, [](const std::string& work) { return Value(work); }));
  }
  if (!stands_for.work.empty()) entries.emplace_back("stands_for", stands_for.text());
  std::string json;
  append_json(json, Value::map(std::move(entries)));
  return json;
}

OperatorSignature OperatorSignature::from_json(std::string_view json) {
  OperatorSignature signature;
  try {
    const Value read = read_json(json);
    signature.doc = text(read, "doc");
    signature.per_item = text(read, "state") == "per_item";
    signature.uses_threads = member(read, "uses_threads").boolean();
    signature.batch = static_cast<std::uint32_t>(member(read, "batch").integer());
    const Value read_arguments = member(read, "arguments");
    for (const Value& a : read_arguments.list()) signature.arguments.push_back(read_argument(a));
    signature.variant_argument = text(read, "variant_argument");
    const Value read_variants = member(read, "variants");
    for (const Value& v : read_variants.list()) {
      signature.variants.push_back(
          {text(v, "value"), read_ports(member(v, "inputs")), read_ports(member(v, "outputs"))});
    }
    if (const Value some = read.get("refusals"); !some.is_null()) {
      for (const Value& r : some.list()) signature.refusals.push_back({text(r, "code"), text(r, "when")});
    }
    if (const Value some = read.get("performs"); !some.is_null()) {
      for (const Value& work : some.list()) signature.performs.emplace_back(work.string());
    }
    signature.stands_for = StandIn::parse(optional_text(read, "stands_for"));
  } catch (const Error& e) {
    // Of the JSON's form; other codes tell what is wrong with a part of it.
    if (e.code() != "invalid_input" && e.code() != "internal") throw;
    fail_signature(fmt::format("the one in the file is damaged: {}", e.what()));
  }
  signature.check();
  return signature;
}

}  // namespace pipit
