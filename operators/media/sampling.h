// Which frames are chosen: the arithmetic of the samplers, in one place for the decoder's arguments and for the
// video_sample nodes, so that both choose the same frames.
//
// The rules are those of Towhee's video_decode.ffmpeg, to the rounding: where its doubles round in an odd way (ten
// steps of 0.1 s are not quite a second), these do the same. One is CLIP4Clip's own.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>

#include "pipit/error.h"

namespace pipit::video {

/// The part of a video that is asked for. A frame belongs to it when start_s <= its time, and its time in whole
/// milliseconds is not later than end_s.
struct TimeWindow {
  double start_s = 0;
  std::optional<double> end_s;

  bool begins_after(double timestamp_ms) const { return timestamp_ms / 1000 < start_s; }
  bool ends_before(double timestamp_ms) const { return end_s && std::nearbyint(timestamp_ms) > *end_s * 1000; }

  /// How long it is, in a video of the given duration; not positive when it begins after the end.
  double length_s(double duration_s) const { return (end_s && *end_s <= duration_s ? *end_s : duration_s) - start_s; }
  /// How many frames it should hold at an average rate: an estimate, since rate and duration are.
  std::int64_t estimated_frames(double duration_s, double rate) const {
    constexpr double kMost = 1e15;  // what a file says may be anything
    return static_cast<std::int64_t>(std::clamp(std::nearbyint(length_s(duration_s) * rate), 0.0, kMost));
  }
};

/// Chooses among frames that pass one by one, in presentation order. One instance serves one video.
class Sampler {
 public:
  virtual ~Sampler() = default;

  /// How many times the frame that passes now is delivered. Call it once for each frame.
  virtual std::int64_t copies(double timestamp_ms, bool key_frame) = 0;
  /// True when no later frame can be chosen.
  virtual bool done() const { return false; }
  /// Asked once the frames have ended: true when the last one is delivered once (more).
  virtual bool wants_last() const { return false; }
  /// Asked once the frames have ended: how many that were asked for are not there, the last one apart.
  virtual std::int64_t missing() const { return 0; }
};

class EveryFrame final : public Sampler {
 public:
  std::int64_t copies(double, bool) override { return 1; }
};

class KeyFrameSample final : public Sampler {
 public:
  std::int64_t copies(double, bool key_frame) override { return key_frame ? 1 : 0; }
};

/// The frames nearest below `samples` evenly spaced positions of `total` frames: numpy.linspace(0, total - 1, samples),
/// truncated. When fewer frames than `total` pass, what is missing at the end becomes the last frame, once.
class UniformSample final : public Sampler {
 public:
  /// `samples` is at least 1.
  UniformSample(std::int64_t total, std::int64_t samples) : last_(total - 1), samples_(samples) {}

  std::int64_t copies(double, bool) override {
    const std::int64_t first = next_;
    while (!done() && position(next_) <= passed_) ++next_;
    ++passed_;
    return next_ - first;
  }
  bool done() const override { return next_ >= samples_; }
  bool wants_last() const override { return !done(); }
  std::int64_t missing() const override { return done() ? 0 : samples_ - next_ - 1; }

 private:
  std::int64_t position(std::int64_t sample) const {
    if (samples_ == 1) return 0;
    if (sample == samples_ - 1) return last_;
    const double step = static_cast<double>(last_) / static_cast<double>(samples_ - 1);
    return static_cast<std::int64_t>(static_cast<double>(sample) * step);
  }

  std::int64_t last_;
  std::int64_t samples_;
  std::int64_t next_ = 0;
  std::int64_t passed_ = 0;
};

/// One frame a second, as CLIP4Clip counts seconds: the frames number 0, f, 2 f, … where f is the whole number of
/// frames a second. Reference: CLIP4Clip, dataloaders/rawvideo_util.py (feature_framerate 1).
class FrameASecondSample final : public Sampler {
 public:
  /// Every how many frames; `rate` is the average number of frames a second. Slow videos lose no frame.
  static std::int64_t stride(double rate) { return static_cast<std::int64_t>(std::clamp(rate, 1.0, 1e9)); }

  explicit FrameASecondSample(double rate) : stride_(stride(rate)) {}

  std::int64_t copies(double, bool) override { return passed_++ % stride_ == 0 ? 1 : 0; }

 private:
  std::int64_t stride_;
  std::int64_t passed_ = 0;
};

/// For each of the times start, start + step, start + 2 step, … the first frame that is not earlier. A frame that is
/// the first after several of these times is delivered as many times.
class TimeStepSample final : public Sampler {
 public:
  /// What one frame may be repeated, since a damaged time stamp can lie in another century.
  static constexpr std::int64_t kMaxCopies = 1'000'000;
  /// Smaller steps would get lost in the rounding of a double.
  static constexpr double kMinStep = 0.001;

  TimeStepSample(double start_s, double step_s) : at_(start_s), step_(step_s) {}

  /// Throws `invalid_argument` when a step cannot be one.
  static void check(double step_s) {
    if (!(step_s >= kMinStep && std::isfinite(step_s))) {
      throw Error("invalid_argument", "argument 'time_step' must be at least 0.001 seconds");
    }
  }

  std::int64_t copies(double timestamp_ms, bool) override {
    std::int64_t n = 0;
    for (const double time = timestamp_ms / 1000; time >= at_; at_ += step_) {
      if (++n > kMaxCopies) {
        throw Error("limit_exceeded", "time_step is so small that one frame would be taken more than " +
                                          std::to_string(kMaxCopies) + " times");
      }
    }
    return n;
  }

 private:
  double at_;
  double step_;
};

}  // namespace pipit::video
