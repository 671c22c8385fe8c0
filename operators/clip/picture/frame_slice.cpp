#include "clip/picture/frame_slice.h"

#include <algorithm>
#include <numeric>

namespace pipit::clip {

std::vector<std::size_t> slice_frames(std::size_t frames, std::size_t most, FramePosition position) {
  std::vector<std::size_t> kept(std::min(frames, most));
  if (position == FramePosition::kUniform && frames > most) {
    const double step = most > 1 ? static_cast<double>(frames - 1) / static_cast<double>(most - 1) : 0;
    for (std::size_t i = 0; i < most; ++i) kept[i] = static_cast<std::size_t>(static_cast<double>(i) * step);
    if (most > 1) kept.back() = frames - 1;  // as numpy does, against rounding
  } else {
    std::iota(kept.begin(), kept.end(), position == FramePosition::kTail ? frames - kept.size() : 0);
  }
  return kept;
}

}  // namespace pipit::clip
