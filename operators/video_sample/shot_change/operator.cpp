// video_sample.shot_change: where the shots of a video begin.
#include "pipit/operator.h"

#include <utility>

#include "colour_histogram.h"

namespace {

class ShotChange {
 public:
  static pipit::Signature signature() {
    return pipit::Signature(
               "Finds the first frame of each shot: its colours differ from those of the frame before by more than "
               "`threshold`. The first frame begins a shot. Finds cuts; fades and dissolves pass in steps that are too "
               "small.")
        .argument("threshold", "float", "0.2",
                  "distance of two colour histograms, above which there is a cut; from 0 (the same colours) to 1 (none "
                  "in common)")
        .between(0, 1)
        .argument("min_frames", "int", "1",
                  "the least length of a shot, in frames that arrive here; a cut that comes sooner is passed over, so "
                  "that a flash is not two cuts")
        .at_least(1)
        .argument("result", "enum(frames|starts)", "frames",
                  "frames: the first frame of each shot; starts: for each frame whether a shot begins with it")
        .variant("result", "frames")
        .input("frame", "frame", "the frames of one video, in order")
        .output_many("frame", "frame", "the first of each shot")
        .variant("result", "starts")
        .input("frame", "frame", "the frames of one video, in order")
        .output("first", "bool", "true for the first frame of each shot; as a filter it keeps one frame a shot")
        .per_item();
  }

  ShotChange(const pipit::Arguments& arguments, pipit::Context&)
      : threshold_(arguments.number("threshold")),
        min_frames_(arguments.integer("min_frames")),
        gives_frames_(arguments.string("result") == "frames") {}

  void process(const pipit::Row& row, pipit::Emitter& out) {
    const bool first = begins_shot(row[0].frame());
    if (!gives_frames_) {
      out.emit(first);
    } else if (first) {
      out.emit(row[0]);
    }
  }

 private:
  bool begins_shot(const pipit::Frame& frame) {
    if (!frame.pixels().contiguous()) throw pipit::Error("invalid_input", "the frame's pixels have gaps");
    std::swap(previous_, current_);
    current_.count(frame.pixels().data<std::uint8_t>(), frame.height(), frame.width());
    const bool first = shot_ == 0 || (shot_ >= min_frames_ && current_.distance(previous_) > threshold_);
    shot_ = first ? 1 : shot_ + 1;
    return first;
  }

  double threshold_;
  std::int64_t min_frames_;
  bool gives_frames_;
  std::int64_t shot_ = 0;  // frames of the current shot so far; 0: none has come yet
  pipit::video::ColourHistogram current_;
  pipit::video::ColourHistogram previous_;
};

}  // namespace

PIPIT_OPERATOR("video_sample.shot_change", "1.0.0", "finds the first frame of each shot", ShotChange);
