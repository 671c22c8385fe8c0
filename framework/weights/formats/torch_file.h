// Files that torch.save and torch.jit.save write: a pickle that describes the tensors, and their storages beside it.
#pragma once

#include "weights/formats/contents.h"
#include "weights/formats/zip_archive.h"

namespace pipit::weights {

/// torch.save since 1.6, and torch.jit.save. Throws Fault.
Contents read_torch_zip(Bytes file, WeightState state);

bool looks_like_pickle(Bytes file);

/// torch.save before 1.6 (or _use_new_zipfile_serialization=False). Throws Fault.
Contents read_torch_legacy(Bytes file, WeightState state);

}  // namespace pipit::weights
