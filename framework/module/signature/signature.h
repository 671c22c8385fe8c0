// What a module says of itself, read from its C table once and checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "module/signature/argument_type.h"
#include "module/signature/argument_values.h"
#include "pipit/operator_c.h"
#include "value/type.h"

namespace pipit {

enum class PortCount { kOne, kMany, kReduce };

struct Port {
  std::string name;
  Type type;
  PortCount count = PortCount::kOne;
  std::string doc;
};

/// What a number means for the plan; see pipit_argument::role.
enum class ArgumentRole { kNone, kRowsGiven, kRowsUsed };

struct Argument {
  std::string name;
  std::string type_text;
  ArgumentType type;
  std::optional<std::string> default_text;  // empty: required
  std::string doc;
  std::string alias;
  ArgumentValues values{};  // which of the type
  ArgumentRole role = ArgumentRole::kNone;

  /// "an int of at least 1", "one of 'a' and 'b'": what it takes.
  std::string expectation() const { return type.expectation(values); }
};

struct Variant {
  std::string value;
  std::vector<Port> inputs;
  std::vector<Port> outputs;
};

/// The arguments that ask for an operator's work in another's place; see pipit_signature::stands_for.
struct StandIn {
  struct Setting {
    std::string argument;
    std::string value;
    bool from_argument = false;  // `value` names an argument of the operator whose work it is
  };
  std::string work;  // empty: none
  std::vector<Setting> settings;

  /// Throws pipit::Error (`invalid_module`).
  static StandIn parse(std::string_view text);
  std::string text() const;
};

/// A code of an operator's own, and when it is given.
struct Refusal {
  std::string code;
  std::string when;
};

/// The section of a module that holds its signature as JSON.
inline constexpr std::string_view kSignatureSection = ".pipit.signature";

struct OperatorSignature {
  std::string doc;
  std::string variant_argument;  // empty: one variant
  std::vector<Variant> variants;
  std::vector<Argument> arguments;
  std::vector<Refusal> refusals;
  std::vector<std::string> performs;  // kinds of work that its arguments ask for
  StandIn stands_for;
  bool per_item = false;
  bool uses_threads = false;
  std::uint32_t batch = 0;

  /// Throws pipit::Error (`invalid_module`) that names what is wrong with the table.
  static OperatorSignature read(const pipit_operator& table);

  /// As JSON, for `pipit inspect --json` and for the section that the build puts into a module, so that a pipeline can
  /// be checked without loading it. from_json throws pipit::Error (`invalid_module`).
  std::string to_json() const;
  static OperatorSignature from_json(std::string_view json);

  const Argument* find_argument(std::string_view name) const;

 private:
  void check() const;
};

}  // namespace pipit
