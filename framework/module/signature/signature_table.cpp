// Reading the C table of a module, which may be older or newer than this runtime.
#include <fmt/format.h>

#include <cstddef>
#include <set>
#include <utility>

#include "module/signature/signature.h"
#include "module/signature/signature_words.h"

namespace pipit {
namespace {

std::string text_of(const char* text, const char* what) {
  if (text == nullptr) fail_signature(fmt::format("{} is missing", what));
  return text;
}

/// The i-th element of an array whose elements have the size that the module was built with.
template <class T>
const T& element(const T* array, std::size_t size, std::size_t i) {
  return *reinterpret_cast<const T*>(reinterpret_cast<const char*>(array) + size * i);
}

std::vector<Port> read_ports(const pipit_port* ports, std::uint32_t count, std::size_t size, bool input) {
  std::vector<Port> result;
  std::set<std::string> names;
  for (std::uint32_t i = 0; i < count; ++i) {
    const pipit_port& raw = element(ports, size, i);
    Port port;
    port.name = text_of(raw.name, "a port's name");
    if (!names.insert(port.name).second) fail_signature(fmt::format("duplicate port '{}'", port.name));
    port.type = parse_port_type(port.name, text_of(raw.type, "a port's type"));
    port.doc = raw.doc ? raw.doc : "";
    if (raw.count > PIPIT_REDUCE || (!input && raw.count == PIPIT_REDUCE)) {
      fail_signature(fmt::format("port '{}' has count {}, which this runtime does not know", port.name, raw.count));
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
    fail_signature("its list of refusals is damaged");
  }
  for (std::uint32_t i = 0; i < raw.refusal_count; ++i) {
    const pipit_refusal& from = element(raw.refusals, raw.refusal_size, i);
    refusals.push_back({text_of(from.code, "a refusal's code"), text_of(from.when, "when a refusal is given")});
  }
  return refusals;
}

/// A field that later versions appended, or null.
const char* later_text(const pipit_signature& raw, const char* const pipit_signature::*field, std::size_t offset) {
  return raw.struct_size >= offset + sizeof(const char*) ? raw.*field : nullptr;
}

}  // namespace

OperatorSignature OperatorSignature::read(const pipit_operator& table) {
  if (table.struct_size < offsetof(pipit_operator, report) + sizeof(table.report))
    fail_signature(fmt::format("table of {} bytes is too small", table.struct_size));
  if (table.create == nullptr || table.destroy == nullptr || table.process == nullptr || table.signature == nullptr) {
    fail_signature("the table lacks one of signature, create, destroy and process");
  }
  const pipit_signature& raw = *table.signature;
  // Version 1.0 has the table up to `refusals`, and arguments up to `values`.
  if (raw.struct_size < kFirstSize || raw.port_size < sizeof(pipit_port) ||
      raw.argument_size < offsetof(pipit_argument, values) || raw.variant_size < sizeof(pipit_variant)) {
    fail_signature("its structs are smaller than version 1.0 has them");
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
    if (signature.find_argument(argument.name) != nullptr)
      fail_signature(fmt::format("duplicate argument '{}'", argument.name));
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
    argument.values = parse_argument_values(argument.name, has_values ? from.values : "", argument.type_text);
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

}  // namespace pipit
