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

#include <nlohmann/json.hpp>
#include <utility>

#include "module/signature/signature.h"
#include "module/signature/signature_words.h"

namespace pipit {

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
    if (a.role != ArgumentRole::kNone) one["role"] = role_name(a.role);
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
      argument.values = parse_argument_values(argument.name, a.value("values", ""), argument.type_text);
      argument.role = parse_role(a.value("role", ""));
      if (a.contains("default")) argument.default_text = a.at("default");
      signature.arguments.push_back(std::move(argument));
    }
    signature.variant_argument = json.at("variant_argument");
    const auto ports = [](const nlohmann::json& array) {
      std::vector<Port> list;
      for (const auto& p : array) {
        list.push_back({p.at("name"), parse_port_type(p.at("name"), p.at("type")),
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
    fail_signature(fmt::format("the one in the file is damaged: {}", e.what()));
  }
}

}  // namespace pipit
