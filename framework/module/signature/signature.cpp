#include "module/signature/signature.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "module/signature/signature_words.h"

namespace pipit {
namespace {

void check_variant(const Variant& variant, bool per_item) {
  const auto has = [](const std::vector<Port>& ports, PortCount count) {
    return std::ranges::any_of(ports, [count](const Port& p) { return p.count == count; });
  };
  if (variant.inputs.empty()) fail_signature("an operator has at least one input port");
  if (has(variant.outputs, PortCount::kMany) && has(variant.outputs, PortCount::kOne)) {
    fail_signature("output ports must all give one row, or all many");
  }
  if (has(variant.inputs, PortCount::kMany) && has(variant.inputs, PortCount::kReduce)) {
    fail_signature("an operator has window inputs or reduce inputs, not both");
  }
  if (has(variant.inputs, PortCount::kReduce) && !per_item) fail_signature("a reduce input needs per_item");
  const bool collects = has(variant.inputs, PortCount::kMany) || has(variant.inputs, PortCount::kReduce);
  if (collects && has(variant.outputs, PortCount::kMany))
    fail_signature("a window or reduce operator gives one row, not many");
  if (has(variant.inputs, PortCount::kMany) && per_item)
    fail_signature("an operator over windows is stateless, not per_item");
}

}  // namespace

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
      fail_signature(fmt::format("what it stands for has '{}', expected argument=value", word));
    }
    stand_in.settings.push_back({word.substr(0, equals), word.substr(value), from_argument});
  }
  if (!stand_in.work.empty() && stand_in.settings.empty()) fail_signature("what it stands for names no argument");
  return stand_in;
}

std::string StandIn::text() const {
  std::string all = work;
  for (const Setting& setting : settings) {
    all += fmt::format(" {}={}{}", setting.argument, setting.from_argument ? "$" : "", setting.value);
  }
  return all;
}

void OperatorSignature::check() const {
  for (const StandIn::Setting& setting : stands_for.settings) {
    if (setting.from_argument && find_argument(setting.value) == nullptr) {
      fail_signature(fmt::format("what it stands for has '${}', which is not one of its arguments", setting.value));
    }
  }
  for (const Variant& variant : variants) check_variant(variant, per_item);
  if (variants.empty()) fail_signature("an operator has at least one input port");
  if (variant_argument.empty() != (variants.size() == 1 && variants[0].value.empty())) {
    fail_signature("variants and the argument that chooses them must come together");
  }
  if (variant_argument.empty()) return;
  const Argument* chooser = find_argument(variant_argument);
  if (chooser == nullptr || chooser->type.base != ArgumentType::Base::kEnum) {
    fail_signature(
        fmt::format("the variants are chosen by '{}', which is not an argument of type enum", variant_argument));
  }
  for (const std::string& choice : chooser->type.choices) {
    if (std::ranges::count(variants, choice, &Variant::value) != 1)
      fail_signature(fmt::format("argument '{}' may be '{}', which has not one variant", variant_argument, choice));
  }
}

const Argument* OperatorSignature::find_argument(std::string_view name) const {
  const auto found = std::ranges::find_if(arguments, [&](const Argument& a) { return a.name == name; });
  return found == arguments.end() ? nullptr : &*found;
}

}  // namespace pipit
