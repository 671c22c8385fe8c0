// What a reader found in a file: the part of a Checkpoint that does not depend on the container.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "pipit/weights/checkpoint.h"
#include "weights/files/bytes.h"

namespace pipit::weights {

struct Contents {
  Container container = Container::kSafetensors;
  std::map<std::string, TensorView> tensors;
  std::map<std::string, std::string> metadata = {};
  std::vector<std::string> averaged = {};
  WeightState state = WeightState::kModel;
};

/// Product of the sizes. Throws Fault for a negative one, and where 64 bits do not hold the product.
std::int64_t count_elements(const std::vector<std::int64_t>& shape, std::string_view tensor_name);

}  // namespace pipit::weights
