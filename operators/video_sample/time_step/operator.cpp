// video_sample.time_step: a frame every so many seconds.
#include "pipit/operator.h"

#include <optional>

#include "media/sampling.h"

namespace {

class TimeStep {
 public:
  static pipit::Signature signature() {
    return pipit::Signature(
               "Takes the first frame at or after each of the times start, start + time_step, start + 2 time_step, …, "
               "where start "
               "is the decoder's start_time: the same as video_decode.ffmpeg's sample_type: time_step_sample.")
        .input("frame", "frame", "in presentation order")
        .output_many("frame", "frame")
        .required("time_step", "float", "seconds")
        .at_least(0.001)
        .stands_for("frame_sampling", "sample_type=time_step_sample time_step=$time_step")
        .per_item();
  }

  TimeStep(const pipit::Arguments& arguments, pipit::Context&) : step_s_(arguments.number("time_step")) {}

  void process(const pipit::Row& row, pipit::Emitter& out) {
    if (!sampler_) sampler_.emplace(row[0].frame().info().start_s, step_s_);
    for (std::int64_t copies = sampler_->copies(row[0].frame().info().timestamp_ms, row[0].frame().info().key_frame);
         copies > 0; --copies) {
      if (!out.emit(row[0])) return;
    }
  }

 private:
  double step_s_;
  std::optional<pipit::video::TimeStepSample> sampler_;
};

}  // namespace

PIPIT_OPERATOR("video_sample.time_step", "1.0.0", "takes a frame every so many seconds", TimeStep);
