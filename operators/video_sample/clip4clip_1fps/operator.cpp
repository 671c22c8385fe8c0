// video_sample.clip4clip_1fps: the frames that CLIP4Clip's own data loader takes.
#include "pipit/operator.h"

#include <optional>

#include "media/sampling.h"

namespace {

class Clip4Clip1Fps {
 public:
  static pipit::Signature signature() {
    return pipit::Signature(
               "Takes one frame a second by frame numbers, as CLIP4Clip's own data loader does: number 0, f, 2 f, … "
               "where f is the whole number of frames a second. The same as video_decode.ffmpeg's sample_type: "
               "clip4clip_1fps. clip4clip's max_frames and slice_framepos then choose among these.")
        .input("frame", "frame", "in presentation order, with the frame rate of their video")
        .output_many("frame", "frame")
        .stands_for("frame_sampling", "sample_type=clip4clip_1fps")
        .per_item();
  }

  Clip4Clip1Fps(const pipit::Arguments&, pipit::Context&) {}

  void process(const pipit::Row& row, pipit::Emitter& out) {
    const pipit::FrameInfo info = row[0].frame().info();
    if (!sampler_) {
      if (info.rate <= 0) {
        throw pipit::Error("invalid_input", "frames do not tell their rate, so that seconds cannot be counted");
      }
      sampler_.emplace(info.rate);
    }
    if (sampler_->copies(info.timestamp_ms, info.key_frame) > 0) out.emit(row[0]);
  }

 private:
  std::optional<pipit::video::FrameASecondSample> sampler_;
};

}  // namespace

PIPIT_OPERATOR("video_sample.clip4clip_1fps", "1.0.0", "takes a frame a second as CLIP4Clip does", Clip4Clip1Fps);
