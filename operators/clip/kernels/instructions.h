// Which instructions the kernels use.
#pragma once

#include <vector>

#include "clip/api.h"
#include "clip/kernels/kernel_set.h"

namespace pipit::clip {

/// Those that this processor can run, the best one last.
PIPIT_CLIP_API const std::vector<const KernelSet*>& kernel_sets();

/// The best one, or the one that the environment's PIPIT_INSTRUCTIONS names. Throws pipit::Error (`invalid_argument`)
/// for a name that is none of kernel_sets().
PIPIT_CLIP_API const KernelSet& kernels();

}  // namespace pipit::clip
