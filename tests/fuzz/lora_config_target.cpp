// A LoRA adapter's config, beside an adapter that is whole.
#include <cstdint>

#include "folder.h"
#include "pipit/error.h"
#include "pipit/weights/load_clip.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  std::filesystem::copy_file(PIPIT_FUZZ_DATA "/lora/adapter_model.safetensors",
                             fuzz::folder() / "adapter_model.safetensors");
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::write("adapter_config.json", std::as_bytes(std::span(data, size)));
  try {
    pipit::weights::load_clip(PIPIT_FUZZ_DATA "/huggingface", {}, {.adapter_path = fuzz::folder()});
  } catch (const pipit::Error&) {
    // Refused, as it should be.
  }
  return 0;
}
