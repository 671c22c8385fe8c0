// Zip archives of torch.save and torch.jit.save, pickles of old, and safetensors: the container shows in the content.
#include <cstdint>

#include "target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::read_checkpoint(std::as_bytes(std::span(data, size)));
  return 0;
}
