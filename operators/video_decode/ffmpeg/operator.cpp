// video_decode.ffmpeg: the path of a video becomes its frames.
#include "pipit/operator.h"

#include <algorithm>
#include <climits>
#include <cmath>

#include "media/video/decoder.h"

namespace {

using pipit::Error;
using pipit::video::DecoderOptions;

constexpr pipit::video::Limits kLimits;

void require(bool good, const std::string& message) {
  if (!good) throw Error("invalid_argument", message);
}

pipit::video::TimeWindow window(const pipit::Arguments& arguments) {
  pipit::video::TimeWindow window;
  window.start_s = arguments.number("start_time");
  if (arguments.has("end_time")) {
    window.end_s = arguments.number("end_time");
    require(*window.end_s > window.start_s, "argument 'end_time' must be later than start_time");
  }
  return window;
}

std::vector<std::string> list(const pipit::Arguments& arguments, std::string_view name) {
  std::vector<std::string> texts;
  if (!arguments.has(name)) return texts;
  const pipit::Value given = arguments.value(name);
  for (const pipit::Value& text : given.list()) texts.emplace_back(text.string());
  return texts;
}

decltype(DecoderOptions::sample) sample(const pipit::Arguments& arguments) {
  const std::string type = arguments.string("sample_type");
  const bool uniform = type == "uniform_temporal_subsample";
  const bool steps = type == "time_step_sample";
  require(uniform == arguments.has("num_samples"),
          uniform ? "sample_type: uniform_temporal_subsample needs num_samples"
                  : "argument 'num_samples' needs sample_type: uniform_temporal_subsample");
  require(steps == arguments.has("time_step"), steps ? "sample_type: time_step_sample needs time_step"
                                                     : "argument 'time_step' needs sample_type: time_step_sample");
  if (uniform) return DecoderOptions::Uniform{arguments.integer("num_samples")};
  if (type == "clip4clip_1fps") return DecoderOptions::FrameASecond{};
  if (type == "key_frames") return DecoderOptions::KeyFrames{};
  if (!steps) return DecoderOptions::Every{};
  return DecoderOptions::TimeStep{arguments.number("time_step")};
}

bool nearest_key_frame(const pipit::Arguments& arguments) {
  const bool nearest = arguments.string("accuracy") == "keyframe";
  const std::string type = arguments.string("sample_type");
  require(!nearest || (type != "none" && type != "key_frames"),
          "accuracy: keyframe needs a sample_type that chooses frames by time or number, or such a sampler straight "
          "after that alone reads the frames");
  return nearest;
}

/// Adds what decoding one video took to the node's counters, however it ends.
class CountedWork {
 public:
  CountedWork(pipit::Context& context, const pipit::video::Decoder& decoder) : context_(context), decoder_(decoder) {}
  ~CountedWork() {
    const pipit::video::Work work = decoder_.work();
    context_.count("bytes_read", work.bytes_read);
    context_.count("packets_read", work.packets_read);
    context_.count("packets_withheld", work.packets_withheld);
    context_.count("frames_decoded", work.frames_decoded);
    context_.count("frames_skipped", work.frames_skipped);
    context_.count("frames_converted", work.frames_converted);
    if (decoder_.decodes_in_order()) context_.count("videos_decoded_in_order");
  }
  CountedWork(const CountedWork&) = delete;
  CountedWork& operator=(const CountedWork&) = delete;

 private:
  pipit::Context& context_;
  const pipit::video::Decoder& decoder_;
};

class DecodeVideo {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Decodes a local video file to RGB frames, in presentation order, one by one.")
        .input("path", "string", "of a video file; never taken for a URL")
        .output_many("frame", "frame")
        .performs("frame_sampling")
        .argument("start_time", "float", "0", "seconds; earlier frames are skipped")
        .at_least(0)
        .argument("end_time", "float", "null", "seconds; later frames are not decoded")
        .at_least(0)
        .argument("sample_type", "enum(none|uniform_temporal_subsample|time_step_sample|clip4clip_1fps|key_frames)",
                  "none",
                  "which frames: every one; num_samples evenly spread; one every time_step seconds; one a second by "
                  "frame numbers, as CLIP4Clip's own data loader takes them; those that the encoder stored whole")
        .argument("num_samples", "int", "null", "frames for uniform_temporal_subsample")
        .alias("args.num_samples")
        .at_least(1)
        .rows_given()
        .argument("time_step", "float", "null", "seconds for time_step_sample")
        .alias("args.time_step")
        .at_least(0.001)
        .argument("accuracy", "enum(exact|keyframe)", "exact",
                  "keyframe: in place of each frame that sample_type chooses the nearest one that the encoder stored "
                  "whole; no other is decoded")
        .argument("auto_rotate", "bool", "true", "turn frames as the file says they are to be shown; Towhee does not")
        .argument("duration", "enum(container|stream)", "container",
                  "whose duration uniform_temporal_subsample spreads over; the container's may be that of longer audio")
        .argument("stream", "int", "0", "which of the file's video streams; cover pictures are none")
        .between(0, INT_MAX)
        .argument("threads", "int", "0", "of the codec; 0: the node's share of the thread budget")
        .between(0, 64)
        .argument("on_corrupt", "enum(fail|warn)", "fail",
                  "a damaged or cut video fails, or gives the frames that can be decoded, with a warning")
        .argument("containers", "list<string>", "null", "kinds of file that are opened, by content; null: all of them")
        .one_of(pipit::video::kContainers)
        .argument("codecs", "list<string>", "null", "that are decoded; null: all of them")
        .one_of(pipit::video::kCodecs)
        .argument("max_pixels", "int", std::to_string(kLimits.max_pixels), "limit of any one frame")
        .between(1, INT_MAX)
        .argument("max_packets", "int", std::to_string(kLimits.max_packets),
                  "limit of packets in a row without a frame")
        .at_least(1)
        .argument("max_streams", "int", std::to_string(kLimits.max_streams), "limit of streams in a file")
        .between(1, INT_MAX)
        .argument("probe_size", "int", std::to_string(kLimits.probe_bytes), "bytes read to find out what a file is")
        .between(1, INT_MAX)
        .argument("stall", "float", "60", "seconds without a frame before a video is given up")
        .at_least(0.001)
        .uses_threads();
  }

  DecodeVideo(const pipit::Arguments& arguments, pipit::Context& context) : context_(context) {
    options_.window = window(arguments);
    options_.sample = sample(arguments);
    options_.nearest_key_frame = nearest_key_frame(arguments);
    options_.auto_rotate = arguments.boolean("auto_rotate");
    options_.stream_duration = arguments.string("duration") == "stream";
    pipit::video::ReaderOptions& reader = options_.reader;
    reader.stream = static_cast<int>(arguments.integer("stream"));
    const std::int64_t threads = arguments.integer("threads");
    shares_threads_ = threads == 0 && context.threads() > 0;
    reader.threads = threads > 0 ? static_cast<int>(threads) : std::clamp(context.threads(), 1, 64);
    reader.fail_on_corrupt = arguments.string("on_corrupt") == "fail";
    reader.accepted = pipit::video::AcceptedFormats(list(arguments, "containers"), list(arguments, "codecs"));
    reader.limits.max_pixels = arguments.integer("max_pixels");
    reader.limits.max_packets = arguments.integer("max_packets");
    reader.limits.max_streams = arguments.integer("max_streams");
    reader.limits.probe_bytes = arguments.integer("probe_size");
    reader.limits.stall_s = arguments.number("stall");
  }

  void process(const pipit::Row& row, pipit::Emitter& out) {
    try {
      decode(std::string(row[0].string()), out);
    } catch (const Error&) {
      // An item that was given up has its reason already, which this would hide.
      if (!out.stop_requested()) throw;
    }
  }

 private:
  void decode(const std::string& path, pipit::Emitter& out) {
    const pipit::video::Hooks hooks{[&out] { return out.stop_requested(); },
                                    [this](const std::string& message) {
                                      context_.warn(message);
                                      context_.count("damaged_videos");
                                    },
                                    [this](const std::string& message) {
                                      context_.warn(message);
                                      context_.count("videos_with_fewer_samples");
                                    },
                                    shares_threads_ ? [this] { return context_.threads(); } : std::function<int()>()};
    pipit::video::Decoder decoder(path, options_, hooks);
    const CountedWork counted(context_, decoder);
    while (const pipit::video::Shot* shot = decoder.next()) {
      pipit::Tensor pixels = pipit::Tensor::empty(pipit::DType::kUInt8, {shot->size.height, shot->size.width, 3});
      decoder.rgb(pixels.mutable_data<std::uint8_t>());
      const pipit::Frame frame = pipit::Frame::make({.index = shot->index,
                                                     .timestamp_ms = shot->timestamp_ms,
                                                     .key_frame = shot->key_frame,
                                                     .estimated_frames = decoder.estimated_frames(),
                                                     .duration_s = decoder.duration_s(),
                                                     .rate = decoder.rate(),
                                                     .start_s = options_.window.start_s},
                                                    pixels);
      for (std::int64_t copy = 0; copy < shot->copies; ++copy) {
        if (!out.emit(frame)) return;
      }
    }
  }

  pipit::Context& context_;
  bool shares_threads_ = false;  // with the pipeline's other nodes, as the moment has it
  DecoderOptions options_;
};

}  // namespace

PIPIT_OPERATOR("video_decode.ffmpeg", "1.0.0", "decodes a video file to frames", DecodeVideo);
