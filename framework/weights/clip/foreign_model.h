// Models that are recognised by the names of their tensors, and not run.
#pragma once

#include <map>
#include <string>

#include "pipit/weights/checkpoint.h"

namespace pipit::weights {

/// Throws Fault that names the model and the tensor that gave it away. `root` is what stands before every name.
void refuse_foreign_models(const std::map<std::string, TensorView>& tensors, const std::string& root);

}  // namespace pipit::weights
