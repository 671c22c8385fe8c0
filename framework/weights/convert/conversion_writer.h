// The converted file of a checkpoint, to be written to disk or to memory.
#pragma once

#include "pipit/weights/conversion.h"
#include "weights/formats/safetensors_writer.h"

namespace pipit::weights {

/// The checkpoint without the tensors of towers that the request does not ask for.
ClipCheckpoint asked_for(ClipCheckpoint checkpoint, const ClipRequest& request);

/// Throws Fault, also as it writes, for weights that have no such form.
SafetensorsWriter converted_file(const ClipCheckpoint& checkpoint, const Conversion& conversion);

}  // namespace pipit::weights
