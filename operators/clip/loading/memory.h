// Whether a model's weights find room before they are copied.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>

#include "clip/api.h"

namespace pipit::clip {

/// Bytes that can be had now: of a CUDA device, as its driver says; of the machine, what the kernel can make free,
/// within the limits of the process's control groups.
PIPIT_CLIP_API std::int64_t free_memory(c10::Device device);

/// Throws pipit::Error (`out_of_memory`) that says how much is needed and how much is free, if that is less.
PIPIT_CLIP_API void require_room(c10::Device device, std::int64_t needed, std::int64_t free);

/// Returns what was only needed while weights were converted from the allocator to the system.
void give_back_free_memory();

}  // namespace pipit::clip
