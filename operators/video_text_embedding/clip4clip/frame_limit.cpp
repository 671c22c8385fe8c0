#include "frame_limit.h"

#include <fmt/format.h>

namespace pipit::clip4clip {

FrameLimit::FrameLimit(const Arguments& arguments, Context& context)
    : context_(context),
      max_frames_(static_cast<std::size_t>(arguments.integer("max_frames"))),
      position_(static_cast<clip::FramePosition>(arguments.integer("slice_framepos"))) {}

std::vector<std::size_t> FrameLimit::choose(std::size_t frames) {
  if (frames == 0) throw Error("invalid_media", "no frames to embed");
  std::vector<std::size_t> kept = clip::slice_frames(frames, max_frames_, position_);
  if (kept.size() < frames) {
    context_.warn(fmt::format("clips of more than max_frames ({}) frames are cut to that many (slice_framepos {})",
                              max_frames_, static_cast<int>(position_)));
    context_.count("clips_cut");
    context_.count("frames_cut", static_cast<std::int64_t>(frames - kept.size()));
  }
  return kept;
}

}  // namespace pipit::clip4clip
