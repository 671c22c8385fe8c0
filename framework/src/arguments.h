// A node's arguments, bound to its operator's signature.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "signature.h"
#include "spec.h"

namespace pipit {

/// Checks the arguments as written against the signature: unknown, missing, given twice, of a wrong type. Returns a map
/// with every argument of the signature, defaults filled in, in the signature's order. Relative paths written in the
/// file are resolved against `folder`. `fault` is told of everything that is wrong (line, message).
Value bind_arguments(const OperatorSignature& signature, const NodeSpec& node, const std::filesystem::path& folder,
                     const std::function<void(int line, const std::string& message)>& fault);

}  // namespace pipit
