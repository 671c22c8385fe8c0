// video_sample.uniform_temporal_subsample: frames evenly spread over a video.
#include "pipit/operator.h"

#include <optional>

#include "media/sampling.h"

namespace {

class UniformTemporalSubsample {
 public:
  static pipit::Signature signature() {
    return pipit::Signature(
               "Takes frames evenly spread over a video, the same as video_decode.ffmpeg's sample_type: "
               "uniform_temporal_subsample. Fewer frames than asked for: some are repeated.")
        .input("frame", "frame", "in presentation order, with the number of frames that the decoder expects")
        .output_many("frame", "frame")
        .required("num_samples", "int", "how many frames")
        .at_least(1)
        .rows_given()
        .stands_for("frame_sampling", "sample_type=uniform_temporal_subsample num_samples=$num_samples")
        .per_item();
  }

  UniformTemporalSubsample(const pipit::Arguments& arguments, pipit::Context& context)
      : context_(context), samples_(arguments.integer("num_samples")) {}

  void process(const pipit::Row& row, pipit::Emitter& out) {
    const pipit::FrameInfo info = row[0].frame().info();
    if (!sampler_) {
      if (info.estimated_frames < 0) {
        throw pipit::Error("invalid_input", "frames do not tell how many there will be, so that none can be chosen");
      }
      sampler_.emplace(info.estimated_frames, samples_);
    }
    for (std::int64_t copies = sampler_->copies(info.timestamp_ms, info.key_frame); copies > 0; --copies) {
      if (!out.emit(row[0])) return;
    }
    last_ = sampler_->done() ? pipit::Value() : row[0];
  }

  void finish(pipit::Emitter& out) {
    if (!sampler_ || !sampler_->wants_last()) return;
    if (const std::int64_t missing = sampler_->missing(); missing > 0) {
      context_.warn("a video gave " + std::to_string(samples_ - missing) + " of " + std::to_string(samples_) +
                    " samples: its frames ended sooner than their decoder expected");
      context_.count("videos_with_fewer_samples");
    }
    out.emit(last_);
  }

 private:
  pipit::Context& context_;
  std::int64_t samples_;
  std::optional<pipit::video::UniformSample> sampler_;
  pipit::Value last_;
};

}  // namespace

PIPIT_OPERATOR("video_sample.uniform_temporal_subsample", "1.0.0", "takes frames evenly spread over a video",
               UniformTemporalSubsample);
