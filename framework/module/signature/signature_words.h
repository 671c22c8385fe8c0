// The words of a signature that its C table and its JSON share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "module/signature/argument_values.h"
#include "module/signature/signature.h"
#include "value/type.h"

namespace pipit {

/// Throws pipit::Error (`invalid_module`).
[[noreturn]] void fail_signature(const std::string& what);

/// A port's type. Throws as fail_signature() does, with the port's name.
Type parse_port_type(const std::string& port, const std::string& type);
/// Which values of its type an argument takes. Throws as fail_signature() does, with the argument's name.
ArgumentValues parse_argument_values(const std::string& argument, std::string_view text, std::string_view type);

/// A role that only a later runtime knows is none here.
ArgumentRole parse_role(std::string_view name);
std::string_view role_name(ArgumentRole role);

/// Throws as fail_signature() does.
PortCount parse_count(std::string_view name);
std::string_view count_name(PortCount count);

/// What stands between spaces.
std::vector<std::string> words_of(std::string_view text);

}  // namespace pipit
