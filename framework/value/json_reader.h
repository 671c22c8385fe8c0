// A JSON text as a value.
#pragma once

#include <string_view>

#include "pipit/value.h"

namespace pipit {

/// Objects become maps (of equal keys the first counts), arrays lists, a whole number that 64 bits hold an int, any
/// other a float. No tree of the parser's stands in between, whose destruction asks for memory and ends the process
/// where there is none. Throws pipit::Error (`invalid_input`) with the parser's words.
Value read_json(std::string_view text);

}  // namespace pipit
