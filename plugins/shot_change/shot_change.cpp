// Where the shots of a video begin.

#include <pipit/operator.h>

#include "colour_histogram.h"

namespace shot_change {

class ShotChange {
 public:
  static pipit::Signature signature() {
    return pipit::Signature(
               "Whether a frame is the first of its shot: its colours differ from those of the frame before by more "
               "than "
               "`threshold`. The first frame begins a shot. Finds cuts; fades and dissolves pass in steps that are too "
               "small. As a filter it keeps one frame a shot.")
        .input("frame", "frame", "the frames of one video, in order")
        .output("first", "bool", "true for the first frame of each shot")
        .argument("threshold", "float", "0.2",
                  "distance of two colour histograms, above which there is a cut; from 0 (the same colours) to 1 (none "
                  "in common)")
        .between(0, 1)
        .argument("min_frames", "int", "1",
                  "the least length of a shot, in frames that arrive here; a cut that comes sooner is passed over, so "
                  "that a flash is not two cuts")
        .at_least(1)
        .per_item();
  }

  ShotChange(const pipit::Arguments& arguments, pipit::Context&)
      : threshold_(arguments.number("threshold")), min_frames_(arguments.integer("min_frames")) {}

  pipit::Value process(const pipit::Row& row) {
    const pipit::Frame frame = row[0].frame();
    if (!frame.pixels().contiguous()) throw pipit::Error("invalid_input", "frame's pixels have gaps");
    std::swap(previous_, current_);
    current_.count(frame.pixels().data<std::uint8_t>(), frame.height(), frame.width());
    const bool first = shot_ == 0 || (shot_ >= min_frames_ && current_.distance(previous_) > threshold_);
    shot_ = first ? 1 : shot_ + 1;
    return first;
  }

 private:
  double threshold_;
  std::int64_t min_frames_;
  std::int64_t shot_ = 0;  // frames of the current shot so far; 0: none has come yet
  ColourHistogram current_;
  ColourHistogram previous_;
};

}  // namespace shot_change

PIPIT_OPERATOR("acme/video_filter.shot_change", "1.0.0", "finds the first frame of each shot", shot_change::ShotChange);
