// A node's arguments, bound to its operator's signature.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "module/signature/signature.h"
#include "spec/spec.h"

namespace pipit {

/// Takes what binding finds.
struct ArgumentFaults {
  /// Something is wrong.
  FaultSink fault;
  /// A value needs an environment variable that is not set.
  std::function<void(const UnsetVariable& variable)> unset = [](const UnsetVariable&) {};
};

/// Checks the arguments as written against the signature: unknown, missing, given twice, of a wrong type or value, a
/// file that is not there. Returns a map with every argument of the signature, defaults filled in, in the signature's
/// order; null for what is wrong or not known. Relative paths written in the file are resolved against `folder`. An
/// argument whose name is misspelt is judged as the one that was meant.
Value bind_arguments(const OperatorSignature& signature, const NodeSpec& node, const std::filesystem::path& folder,
                     const ArgumentFaults& tell);

/// Which of the signature's variants bound arguments choose; nothing when the argument that decides it is null.
std::optional<std::size_t> choose_variant(const OperatorSignature& signature, const Value& arguments);

/// Whether an argument that names a device names a CUDA one.
bool asks_for_cuda(const OperatorSignature& signature, const Value& arguments);

}  // namespace pipit
