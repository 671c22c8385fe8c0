// What a model takes.
#pragma once

#include <cstdint>

namespace pipit::clip {

struct Footprint {
  std::int64_t parameters = 0;
  std::int64_t bytes = 0;  // of the tensors that the model computes with, on its device
  std::int64_t mapped_bytes =
      0;  // those of them that lie in the file's mapping, shared with every process that maps it
};

}  // namespace pipit::clip
