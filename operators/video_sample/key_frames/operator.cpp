// video_sample.key_frames: the frames that the encoder stored whole.
#include "pipit/operator.h"

namespace {

class KeyFrames {
 public:
  static pipit::Signature signature() {
    return pipit::Signature(
               "Takes the key frames, those that the encoder stored whole: the same as video_decode.ffmpeg's "
               "sample_type: key_frames. Encoders put them at cuts and every few seconds.")
        .input("frame", "frame", "in presentation order")
        .output_many("frame", "frame")
        .stands_for("frame_sampling", "sample_type=key_frames");
  }

  KeyFrames(const pipit::Arguments&, pipit::Context&) {}

  void process(const pipit::Row& row, pipit::Emitter& out) {
    if (row[0].frame().info().key_frame) out.emit(row[0]);
  }
};

}  // namespace

PIPIT_OPERATOR("video_sample.key_frames", "1.0.0", "takes the key frames", KeyFrames);
