// Makes the files of an accelerator.
#pragma once

#include <string>

#include "index/accelerator/accelerator.h"
#include "index/index.h"

namespace pipit {

/// Over all rows of the index, in a folder of this name in the index's folder `accelerators`; on the disk when it
/// returns. What it says of effort and recall is left open. Throws pipit::Error (`output_failed`, `canceled`, and
/// `invalid_argument` for rows that are too many or too long).
IndexManifest::Accelerator write_accelerator(const Index& index, const IndexFolder& accelerators,
                                             const std::string& name, const GraphSettings& settings);

}  // namespace pipit
