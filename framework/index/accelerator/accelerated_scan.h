// A scan that looks at few of the rows that an accelerator covers, and at all that it does not.
#pragma once

#include <cstdint>
#include <vector>

#include "index/accelerator/accelerator.h"
#include "index/index.h"
#include "index/scan/scan.h"

namespace pipit {

/// As scan() over all rows of the index, but that answers may be missing; scores and order are those of scan().
/// `effort`: how many rows are looked at closely for each query. Throws pipit::Error (`invalid_index`).
std::vector<std::vector<Scored>> accelerated_scan(const Index& index, const Accelerator& accelerator,
                                                  const ScanRequest& request, std::int64_t effort);

}  // namespace pipit
