// The index of a sharded checkpoint, beside the shards that it may name.
#include <cstdint>

#include "folder.h"
#include "pipit/error.h"
#include "pipit/weights/checkpoint.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const std::filesystem::path shards = PIPIT_FUZZ_DATA "/huggingface_sharded";
  for (const auto& entry : std::filesystem::directory_iterator(shards)) {
    std::filesystem::copy_file(entry.path(), fuzz::folder() / entry.path().filename());
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto index = fuzz::write("model.safetensors.index.json", std::as_bytes(std::span(data, size)));
  try {
    pipit::weights::Checkpoint::open(index);
  } catch (const pipit::Error&) {
    // Refused, as it should be.
  }
  return 0;
}
