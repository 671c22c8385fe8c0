// How many frames of a clip are taken, and which.
#pragma once

#include <cstddef>
#include <vector>

#include "clip/picture/frame_slice.h"
#include "pipit/operator.h"

namespace pipit::clip4clip {

class FrameLimit {
 public:
  /// Takes max_frames and slice_framepos from the arguments.
  FrameLimit(const Arguments& arguments, Context& context);

  /// Which of a clip's frames are taken, in order. Frames that are left out are told and counted. Throws pipit::Error
  /// (`invalid_media`) when there are none.
  std::vector<std::size_t> choose(std::size_t frames);

 private:
  Context& context_;
  std::size_t max_frames_;
  clip::FramePosition position_;
};

}  // namespace pipit::clip4clip
