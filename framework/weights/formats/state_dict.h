// From a pickle's values to named tensors.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "weights/formats/contents.h"
#include "weights/formats/pickle.h"

namespace pipit::weights {

using NamedTensors = std::map<std::string, const pickle::Tensor*>;

struct StateDict {
  NamedTensors tensors;
  std::vector<std::string> averaged = {};  // names of the averaged weights that lie beside the model's
  WeightState state = WeightState::kModel;
};

/// The tensors of a state dict, {"state_dict": …} and its like removed; the averaged ones if they are asked for. Throws
/// Fault for anything else, and where something other than a tensor stands among the tensors. Of what else lies beside
/// a wrapped state dict nothing is looked at.
StateDict find_state_dict(const pickle::Value& root, WeightState state);

/// The tensors of a TorchScript module: its attributes, by their dotted names.
NamedTensors find_module_tensors(const pickle::Value& root);

/// A tensor in the bytes of its storage. Throws Fault where it would reach beyond them.
TensorView view_tensor(const std::string& name, const pickle::Tensor& tensor, Bytes storage);

}  // namespace pipit::weights
