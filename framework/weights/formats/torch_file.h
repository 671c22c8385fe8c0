// Files that torch.save and torch.jit.save write: a pickle that describes the tensors, and their storages beside it.
//
// Since 1.6 a zip archive (zip_archive.h), all in one folder that is named after the file:
//
//   NAME/data.pkl        the pickle; a tensor is a view of a storage: key, offset, shape, strides
//   NAME/byteorder       "little"; not in every file
//   NAME/data/KEY        the elements of the storage KEY
//   NAME/constants.pkl   torch.jit.save only: the pickle is of a module
//   NAME/extra/pipit.*   what pipit's own archives say of the model
//
// Before 1.6 (legacy), one thing after the other:
//
//   pickle               0x1950a86a20f9469cfc6c, the magic number
//   pickle               1001, the version
//   pickle               {'little_endian': True, …}
//   pickle               the tensors, as above
//   pickle               [KEY, …], the order of the storages
//   for each KEY         8 bytes: the number of elements, little-endian; then the elements
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
