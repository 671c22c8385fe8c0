// The type of an operator's argument.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "module/signature/argument_values.h"

namespace pipit {

/// The type of an argument: string path int float bool enum(a|b) list<string> list<int> list<float> map any.
struct ArgumentType {
  enum class Base { kString, kPath, kInt, kFloat, kBool, kEnum, kList, kMap, kAny };

  Base base = Base::kAny;
  std::vector<std::string> choices;  // of an enum
  Base item = Base::kAny;            // of a list

  /// Throws pipit::Error (`invalid_module`).
  static ArgumentType parse(std::string_view text);
  /// "one of 'a', 'b' and 'c'", "an int", "a list of strings"; of an int or float, or a list of such, within `values`.
  std::string expectation(const ArgumentValues& values = {}) const;
};

}  // namespace pipit
