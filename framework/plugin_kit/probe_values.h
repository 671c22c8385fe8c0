// Values for trying an operator with, made from the types of its ports and arguments.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "module/signature/signature.h"
#include "pipit/value.h"
#include "spec/yaml.h"
#include "value/type.h"

namespace pipit::cli {

/// Three ordinary values of a type, all different where the type allows.
std::vector<Value> ordinary_values(const Type& type);
/// Values at the edges of a type: empty, huge, not a number. With each what it is, for messages.
std::vector<std::pair<std::string, Value>> edge_values(const Type& type);
/// Likewise, of an argument: those that its signature takes, and the ends of what it takes.
std::vector<std::pair<std::string, Value>> edge_values(const Argument& argument);
/// What an argument's signature does not take, as it is written in a pipeline.
std::vector<YamlNode> outside_values(const Argument& argument);

}  // namespace pipit::cli
