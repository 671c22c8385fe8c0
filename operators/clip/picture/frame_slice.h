// Which frames are kept when a clip has more than the model takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "clip/api.h"

namespace pipit::clip {

/// The original's `slice_framepos`.
enum class FramePosition { kHead = 0, kTail = 1, kUniform = 2 };

/// Positions of the frames to keep, `most` or all of them, in order.
/// Reference: CLIP4Clip, dataloaders: head, tail, or numpy.linspace(0, frames - 1, num=most, dtype=int).
PIPIT_CLIP_API std::vector<std::size_t> slice_frames(std::size_t frames, std::size_t most, FramePosition position);

}  // namespace pipit::clip
