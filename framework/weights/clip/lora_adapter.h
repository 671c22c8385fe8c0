// A LoRA adapter of PEFT's, merged into the weights that it was trained beside.
#pragma once

#include <filesystem>

#include "pipit/weights/clip_checkpoint.h"

namespace pipit::weights {

/// Adds scale·B·A to the weights that the adapter in `folder` names, by Hugging Face's names or OpenAI's whatever the
/// checkpoint's own, and puts the tensors that were trained as a whole in place of its. What is changed is float32 in
/// memory of the checkpoint's. Throws pipit::Error: `not_found`, or `invalid_checkpoint` for an adapter of another
/// kind, of another model, or with anything left over.
void merge_adapter(const std::filesystem::path& folder, ClipCheckpoint& checkpoint);

}  // namespace pipit::weights
