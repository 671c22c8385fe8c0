// The modules video_decode.ffmpeg and video_sample.*, as a host runs them.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "clips.h"
#include "pipit/pipeline.h"

namespace pipit::video {

namespace {

Options with_operators() {
  Options options;
  options.operator_path = {PIPIT_BUILD_DIR "/lib/pipit/operators"};
  return options;
}

Pipeline open(const std::string& nodes, const std::string& outputs = "frame",
              const Options& options = with_operators()) {
  return Pipeline::parse(
      fmt::format("pipit: 1\nname: t\ninputs: {{path: string}}\nnodes:\n{}outputs: [{}]\n", nodes, outputs), ".",
      options);
}

std::string decode_node(const std::string& args) {
  return fmt::format("  - {{name: decode, op: video_decode.ffmpeg, in: path, out: frame, args: {{{}}}}}\n", args);
}

std::string sample_node(const std::string& op, const std::string& args) {
  return fmt::format("  - {{name: sample, op: video_sample.{}, in: frame, out: frame, args: {{{}}}}}\n", op, args);
}

Result run(Pipeline& pipeline, const std::string& clip) {
  return pipeline.call({{"path", clip}});
}

std::vector<Seen> run(const std::string& nodes, const std::string& clip, const std::string& outputs = "frame") {
  Pipeline pipeline = open(nodes, outputs);
  const Result result = run(pipeline, clip);
  REQUIRE_MESSAGE(!result.error, (result.error ? result.error->message : ""));
  std::vector<Seen> seen;
  const Value frames = result.get("frame");
  for (const Value& value : frames.list()) {
    const Frame frame = value.frame();
    const FrameInfo info = frame.info();
    const auto* pixels = frame.pixels().data<std::uint8_t>();
    seen.push_back({info.index, info.timestamp_ms, info.key_frame, static_cast<int>(frame.width()),
                    static_cast<int>(frame.height()), md5({pixels, pixels + frame.pixels().elements()})});
  }
  return seen;
}

/// The sampling node alone, its frames not pushed down: a second name keeps the decoder's frames wanted.
std::vector<Seen> run_apart(const std::string& decode_args, const std::string& sample, const std::string& clip) {
  const std::string twice =
      "  - {name: all, op: video_decode.ffmpeg, in: path, out: every, args: {" + decode_args + "}}\n";
  std::string node = sample;
  node.replace(node.find("in: frame"), 9, "in: every");
  return run(twice + node, clip, "every, frame");
}

/// What a node has counted under a name.
std::int64_t counter(const Pipeline& pipeline, const std::string& name, std::size_t node = 0) {
  const pipit::NodeStats stats = pipeline.stats().at(node);
  for (const auto& [counted, n] : stats.counters) {
    if (counted == name) return n;
  }
  return 0;
}

/// Without the line of the pipeline that is shown below it.
std::string refusal(const std::string& nodes) {
  try {
    open(nodes);
  } catch (const Error& e) {
    const std::string text = e.what();
    return text.substr(0, text.find('\n'));
  }
  return "";
}

}  // namespace

TEST_CASE("video_decode: a frame carries its pixels and what is known of its stream") {
  Pipeline pipeline = open(decode_node("start_time: 1.0"));
  const Result result = run(pipeline, data("bframes.mp4"));
  REQUIRE(!result.error);
  const Value frames = result.get("frame");
  REQUIRE(frames.list().size() == 25);
  const Frame frame = frames.list()[1].frame();
  CHECK(frame.width() == 96);
  CHECK(frame.height() == 64);
  const FrameInfo info = frame.info();
  CHECK(info.index == 1);
  CHECK(info.timestamp_ms == 1040);
  CHECK(info.key_frame == false);
  CHECK(info.estimated_frames == 25);
  CHECK(info.duration_s == 1);
  CHECK(info.rate == 25);
}

TEST_CASE("video_decode: every frame of a clip is delivered") {
  CHECK(run(decode_node(""), data("vfr.mp4")) == decode(data("vfr.mp4")));
  CHECK(run(decode_node("auto_rotate: false"), data("rotated_90.mp4")).at(0).width == 96);
  CHECK(run(decode_node("stream: 1"), data("two_videos.mp4")).at(0).width == 64);
  CHECK(run(decode_node("threads: 3"), data("hevc.mp4")) == decode(data("hevc.mp4")));
}

TEST_CASE("video_sample: nodes and both spellings of the decoder's arguments give the same frames") {
  for (const auto& sample : expected()["samples"]) {
    CAPTURE(sample.dump());
    const std::string clip = data(sample["clip"]);
    std::string window;
    if (sample.contains("start")) window += fmt::format("start_time: {}, ", sample["start"].get<double>());
    if (sample.contains("end")) window += fmt::format("end_time: {}, ", sample["end"].get<double>());
    std::vector<Seen> by_argument;
    if (sample.contains("num_samples")) {
      const std::string args = fmt::format("num_samples: {}", sample["num_samples"].get<int>());
      const std::string type = window + "sample_type: uniform_temporal_subsample, ";
      by_argument = run(decode_node(type + args), clip);
      CHECK(run(decode_node(type + "args: {" + args + "}"), clip) == by_argument);
      CHECK(run(decode_node(window) + sample_node("uniform_temporal_subsample", args), clip) == by_argument);
      CHECK(run_apart(window, sample_node("uniform_temporal_subsample", args), clip) == by_argument);
    } else if (sample.contains("clip4clip_1fps")) {
      by_argument = run(decode_node(window + "sample_type: clip4clip_1fps"), clip);
      CHECK(run(decode_node(window) + sample_node("clip4clip_1fps", ""), clip) == by_argument);
      CHECK(run_apart(window, sample_node("clip4clip_1fps", ""), clip) == by_argument);
    } else {
      const std::string args = fmt::format("time_step: {}", sample["time_step"].get<double>());
      const std::string type = window + "sample_type: time_step_sample, ";
      by_argument = run(decode_node(type + args), clip);
      CHECK(run(decode_node(type + "args: {" + args + "}"), clip) == by_argument);
      CHECK(run(decode_node(window) + sample_node("time_step", args), clip) == by_argument);
      CHECK(run_apart(window, sample_node("time_step", args), clip) == by_argument);
    }
    CHECK(by_argument.size() == sample["frames"].size());
  }
}

TEST_CASE("video_sample: a node straight after its decoder moves into it unless somebody else reads the frames") {
  const std::string nodes = decode_node("") + sample_node("uniform_temporal_subsample", "num_samples: 4");
  CHECK(open(nodes).stats().size() == 1);
  CHECK(open(nodes).explain().find("does the work of 'sample' too") != std::string::npos);
  CHECK(open("  - {name: all, op: video_decode.ffmpeg, in: path, out: every}\n"
             "  - {name: sample, op: video_sample.time_step, in: every, out: frame, args: {time_step: 1}}\n",
             "every, frame")
            .stats()
            .size() == 2);
}

TEST_CASE("video_sample: key frames are the same by argument and by node and apart") {
  for (const std::string name : {"bframes.mp4", "open_gop.mp4", "open_gop.mkv", "hevc_open_gop.mp4",
                                 "intra_refresh.mp4", "vp9.webm", "vp8_live.webm", "av1.mp4", "mpeg4.avi", "raw.mpg",
                                 "size_change.ts", "edit_list.mp4", "unknown_duration.mp4"}) {
    for (const std::string window : {"", "start_time: 0.2", "end_time: 0.9", "start_time: 0.3, end_time: 1.3"}) {
      CAPTURE(name);
      CAPTURE(window);
      const std::string clip = data(name);
      const std::string comma = window.empty() ? "" : ", ";
      std::vector<Seen> wanted;
      for (const Seen& frame : run(decode_node(window), clip)) {
        if (frame.key_frame) wanted.push_back(frame);
      }
      CHECK(run(decode_node(window + comma + "sample_type: key_frames"), clip) == wanted);
      CHECK(run(decode_node(window) + sample_node("key_frames", ""), clip) == wanted);
      CHECK(run_apart(window, sample_node("key_frames", ""), clip) == wanted);
    }
  }
}

TEST_CASE("video_sample: key frames move into the decoder and their number is that of the file") {
  Pipeline pipeline = open(decode_node("") + sample_node("key_frames", ""));
  CHECK(pipeline.stats().size() == 1);
  const Result result = run(pipeline, data("bframes.mp4"));
  REQUIRE(!result.error);
  std::vector<std::int64_t> indices;
  const Value frames = result.get("frame");
  for (const Value& frame : frames.list()) indices.push_back(frame.frame().info().index);
  CHECK(indices == std::vector<std::int64_t>{0, 12, 24, 36, 48});
  CHECK(pipeline.stats().at(0).rows_out == 5);
}

TEST_CASE("video_sample: shot_change gives the first frame of each shot or says which they are") {
  // 50 frames: cuts at 16 and 36, a white flash at 21.
  const std::string clip = PIPIT_SOURCE_DIR "/tests/package/data/three_scenes.mp4";
  const auto indices = [&](const std::string& args) {
    std::vector<std::int64_t> firsts;
    for (const Seen& frame : run(decode_node("") + sample_node("shot_change", args), clip))
      firsts.push_back(frame.index);
    return firsts;
  };
  CHECK(indices("") == std::vector<std::int64_t>{0, 16, 21, 22, 36});
  CHECK(indices("min_frames: 12") == std::vector<std::int64_t>{0, 16, 36});
  CHECK(indices("threshold: 1") == std::vector<std::int64_t>{0});
  const std::string starts = "  - {name: starts, op: video_sample.shot_change, in: frame, ";
  std::vector<std::int64_t> kept;
  for (const Seen& frame :
       run(decode_node("") + starts + "keep: frame, args: {result: starts, min_frames: 12}}\n", clip)) {
    kept.push_back(frame.index);
  }
  CHECK(kept == std::vector<std::int64_t>{0, 16, 36});
  Pipeline pipeline = open(decode_node("") + starts + "out: first, args: {result: starts}}\n", "first");
  for (int item = 0; item < 2; ++item) {
    const Result result = run(pipeline, clip);
    REQUIRE(!result.error);
    const Value firsts = result.get("first");
    REQUIRE(firsts.list().size() == 50);
    for (std::int64_t i = 0; i < 50; ++i) {
      CHECK(firsts.list()[static_cast<std::size_t>(i)].boolean() ==
            (i == 0 || i == 16 || i == 21 || i == 22 || i == 36));
    }
  }
  CHECK(refusal(decode_node("") + sample_node("shot_change", "threshold: 1.5")) ==
        "pipeline:6:91: node 'sample': argument 'threshold' takes a float from 0 to 1, found 1.5");
  CHECK(refusal(decode_node("") + sample_node("shot_change", "min_frames: 0")) ==
        "pipeline:6:92: node 'sample': argument 'min_frames' takes an int of at least 1, found 0");
}

TEST_CASE("image: to_tensor gives the frame's own pixels") {
  Pipeline pipeline = open(
      "  - {name: decode, op: video_decode.ffmpeg, in: path, out: frame}\n"
      "  - {name: pixels, op: image.to_tensor, in: frame, out: pixels}\n",
      "frame, pixels");
  const Result result = run(pipeline, data("three_frames.mp4"));
  REQUIRE(!result.error);
  const Value frames = result.get("frame");
  const Value tensors = result.get("pixels");
  REQUIRE(tensors.list().size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    const Tensor pixels = tensors.list()[i].tensor();
    CHECK(pixels.dtype() == DType::kUInt8);
    CHECK(std::vector<std::int64_t>(pixels.shape().begin(), pixels.shape().end()) ==
          std::vector<std::int64_t>{64, 96, 3});
    CHECK(pixels.raw_data() == frames.list()[i].frame().pixels().raw_data());
  }
}

TEST_CASE("video_sample: each item starts anew") {
  Pipeline pipeline = open(decode_node("") + sample_node("uniform_temporal_subsample", "num_samples: 4"));
  for (int i = 0; i < 2; ++i) {
    const Result result = run(pipeline, data("hevc.mp4"));
    REQUIRE(!result.error);
    std::vector<std::int64_t> indices;
    const Value frames = result.get("frame");
    for (const Value& frame : frames.list()) indices.push_back(frame.frame().info().index);
    CHECK(indices == std::vector<std::int64_t>{0, 4, 9, 14});
  }
}

TEST_CASE("video_sample: frames that do not tell how many there will be are refused") {
  Pipeline pipeline =
      Pipeline::parse("pipit: 1\nname: t\ninputs: {frame: frame}\nnodes:\n" +
                          sample_node("uniform_temporal_subsample", "num_samples: 4") + "outputs: [frame]\n",
                      ".", with_operators());
  const Result result = pipeline.call({{"frame", Frame::make({}, Tensor::empty(DType::kUInt8, {2, 2, 3}))}});
  REQUIRE(result.error);
  CHECK(result.error->node == "sample");
  CHECK(result.error->code == "invalid_input");
  CHECK(result.error->message == "frames do not tell how many there will be, so that none can be chosen");
}

TEST_CASE("video_sample: frames that do not tell their rate are refused where seconds are counted by it") {
  Pipeline pipeline = Pipeline::parse(
      "pipit: 1\nname: t\ninputs: {frame: frame}\nnodes:\n" + sample_node("clip4clip_1fps", "") + "outputs: [frame]\n",
      ".", with_operators());
  const Result result = pipeline.call({{"frame", Frame::make({}, Tensor::empty(DType::kUInt8, {2, 2, 3}))}});
  REQUIRE(result.error);
  CHECK(result.error->message == "frames do not tell their rate, so that seconds cannot be counted");
}

TEST_CASE("video_sample: a frame that is not a picture is refused before an operator sees it") {
  Pipeline pipeline = Pipeline::parse(
      "pipit: 1\nname: t\ninputs: {frame: frame}\nnodes:\n" + sample_node("shot_change", "") + "outputs: [frame]\n",
      ".", with_operators());
  const std::pair<Tensor, std::string> frames[] = {{Tensor::empty(DType::kUInt8, {0, 0, 3}), "tensor<u8>[0,0,3]"},
                                                   {Tensor::empty(DType::kUInt8, {2, 2, 4}), "tensor<u8>[2,2,4]"},
                                                   {Tensor::empty(DType::kUInt8, {2, 2}), "tensor<u8>[2,2]"}};
  for (const auto& [pixels, text] : frames) {
    const Result result = pipeline.call({{"frame", Frame::make({}, pixels)}});
    REQUIRE(result.error);
    CHECK(result.error->message == "input 'frame' takes frame, found frame of " + text);
  }
  CHECK(!pipeline.call({{"frame", Frame::make({}, Tensor::empty(DType::kUInt8, {2, 2, 3}))}}).error);
}

TEST_CASE("video_decode: a bad video fails its item alone") {
  Pipeline pipeline = open(decode_node(""));
  const Result missing = run(pipeline, "no/such.mp4");
  REQUIRE(missing.error);
  CHECK(missing.error->node == "decode");
  CHECK(missing.error->code == "not_found");
  CHECK(missing.error->message == "video 'no/such.mp4' does not exist");
  const Result cut = run(pipeline, data("cut_mdat.mp4"));
  REQUIRE(cut.error);
  CHECK(cut.error->code == "invalid_media");
  CHECK(run(pipeline, data("one_frame.mp4")).get("frame").list().size() == 1);
}

TEST_CASE("video_decode: on_corrupt warn gives what can be decoded and says so") {
  std::vector<std::string> warnings;
  Options options = with_operators();
  options.on_warning = [&](const std::string& message) { warnings.push_back(message); };
  Pipeline pipeline = open(decode_node("on_corrupt: warn"), "frame", options);
  const Result result = run(pipeline, data("cut_mdat.mp4"));
  REQUIRE(!result.error);
  CHECK(result.get("frame").list().size() == 36);
  CHECK(warnings == std::vector<std::string>{"pipeline:5: node 'decode': video '" + data("cut_mdat.mp4") +
                                             "' is damaged after 1.320 s: a packet is cut short"});
  CHECK(counter(pipeline, "damaged_videos") == 1);
}

TEST_CASE("video_sample: fewer samples than were asked for are told and counted") {
  const std::string clip = data("audio_longer.mp4");
  std::vector<std::string> warnings;
  Options options = with_operators();
  options.on_warning = [&](const std::string& message) { warnings.push_back(message); };
  Pipeline moved =
      open(decode_node("") + sample_node("uniform_temporal_subsample", "num_samples: 5"), "frame", options);
  CHECK(run(moved, clip).get("frame").list().size() == 4);
  CHECK(counter(moved, "videos_with_fewer_samples") == 1);
  CHECK(warnings == std::vector<std::string>{
                        "pipeline:5: node 'decode': video '" + clip +
                        "' gave 4 of 5 samples: its frames end after 0.960 s, sooner than the 2.000 s that it tells; "
                        "duration: stream leaves longer audio out"});
  warnings.clear();
  Pipeline apart = open(
      "  - {name: all, op: video_decode.ffmpeg, in: path, out: every}\n"
      "  - {name: sample, op: video_sample.uniform_temporal_subsample, in: every, out: frame, args: "
      "{num_samples: 5}}\n",
      "every, frame", options);
  CHECK(run(apart, clip).get("frame").list().size() == 4);
  CHECK(counter(apart, "videos_with_fewer_samples", 1) == 1);
  CHECK(warnings == std::vector<std::string>{"pipeline:6: node 'sample': a video gave 4 of 5 samples: its frames ended "
                                             "sooner than their decoder expected"});
}

TEST_CASE("video_decode: arguments that do not go together are refused") {
  CHECK(refusal(decode_node("sample_type: uniform_temporal_subsample")) ==
        "pipeline:5: node 'decode': sample_type: uniform_temporal_subsample needs num_samples");
  CHECK(refusal(decode_node("sample_type: time_step_sample")) ==
        "pipeline:5: node 'decode': sample_type: time_step_sample needs time_step");
  CHECK(refusal(decode_node("num_samples: 3")) ==
        "pipeline:5: node 'decode': argument 'num_samples' needs sample_type: uniform_temporal_subsample");
  CHECK(refusal(decode_node("time_step: 3")) ==
        "pipeline:5: node 'decode': argument 'time_step' needs sample_type: time_step_sample");
  CHECK(refusal(decode_node("sample_type: uniform_temporal_subsample, num_samples: 0")) ==
        "pipeline:5:128: node 'decode': argument 'num_samples' takes an int of at least 1, found 0");
  CHECK(refusal(decode_node("sample_type: time_step_sample, time_step: 0")) ==
        "pipeline:5:116: node 'decode': argument 'time_step' takes a float of at least 0.001, found 0");
  CHECK(refusal(decode_node("start_time: -1")) ==
        "pipeline:5:86: node 'decode': argument 'start_time' takes a float of at least 0, found -1");
  CHECK(refusal(decode_node("start_time: 2, end_time: 2")) ==
        "pipeline:5: node 'decode': argument 'end_time' must be later than start_time");
  CHECK(refusal(decode_node("stream: -1")) ==
        "pipeline:5:82: node 'decode': argument 'stream' takes an int from 0 to 2147483647, found -1");
  CHECK(refusal(decode_node("threads: 65")) ==
        "pipeline:5:83: node 'decode': argument 'threads' takes an int from 0 to 64, found 65");
  CHECK(refusal(decode_node("max_pixels: 0")) ==
        "pipeline:5:86: node 'decode': argument 'max_pixels' takes an int from 1 to 2147483647, found 0");
  CHECK(refusal(decode_node("stall: 0")) ==
        "pipeline:5:81: node 'decode': argument 'stall' takes a float of at least 0.001, found 0");
  CHECK(refusal(decode_node("") + sample_node("uniform_temporal_subsample", "num_samples: 0")) ==
        "pipeline:6:108: node 'sample': argument 'num_samples' takes an int of at least 1, found 0");
  CHECK(refusal(decode_node("") + sample_node("time_step", "time_step: 0.0001")) ==
        "pipeline:6:89: node 'sample': argument 'time_step' takes a float of at least 0.001, found 0.0001");
}

}  // namespace pipit::video
