// Values of Python as the runtime's, and back. All with the GIL.
#pragma once

#include <nanobind/nanobind.h>

#include "pipit/value.h"

namespace pipit::python {

namespace nb = nanobind;

/// None, bool, int, float, str, a path; bytes and what has their buffer; arrays of NumPy and of what speaks DLPack,
/// which are not copied where they are contiguous and on the CPU; pictures of PIL and pipit.Frame; lists, tuples and
/// mappings of these. Throws a Python TypeError or ValueError that begins with `what`.
Value to_value(nb::handle object, const char* what);

/// Arrays over the runtime's memory, read-only: of NumPy, or, where that has no such type or memory, of DLPack.
nb::object to_python(const Value& value);

}  // namespace pipit::python
