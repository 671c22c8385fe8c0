#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "clips.h"

namespace pipit::video {

namespace {

std::vector<std::int64_t> chosen(const std::vector<Seen>& frames, std::int64_t first = 0) {
  std::vector<std::int64_t> indices;
  for (const Seen& frame : frames) indices.push_back(first + frame.index);
  return indices;
}

}  // namespace

TEST_CASE("decoder: every frame of every clip is that of PyAV's sequential decode") {
  for (const auto& [name, clip] : expected()["clips"].items()) {
    if (name == "odd.avi") continue;
    CAPTURE(name);
    DecoderOptions options;
    options.auto_rotate = false;
    options.reader.stream = name.ends_with("#1");
    const std::vector<Seen> frames = decode(data(name.substr(0, name.find('#'))), options);
    REQUIRE(frames.size() == clip["frames"].size());
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const auto& wanted = clip["frames"][i];
      CAPTURE(i);
      CHECK(frames[i].index == static_cast<std::int64_t>(i));
      CHECK(frames[i].timestamp_ms == wanted["ms"].get<double>());
      CHECK(frames[i].key_frame == wanted["key"].get<bool>());
      CHECK(frames[i].width == wanted["width"].get<int>());
      CHECK(frames[i].height == wanted["height"].get<int>());
      CHECK(frames[i].md5 == wanted["md5"].get<std::string>());
    }
  }
}

TEST_CASE("decoder: an odd width and height at once is within one step of PyAV") {
  Decoder decoder(data("odd.avi"), {}, {});
  const Shot* shot = decoder.next();
  REQUIRE(shot != nullptr);
  std::vector<std::uint8_t> pixels(shot->size.bytes());
  decoder.rgb(pixels.data());
  std::ifstream file(data("odd.rgb"), std::ios::binary);
  const std::vector<std::uint8_t> wanted{std::istreambuf_iterator<char>(file), {}};
  REQUIRE(pixels.size() == wanted.size());
  std::size_t different = 0;
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    CHECK(std::abs(pixels[i] - wanted[i]) <= 1);
    different += pixels[i] != wanted[i];
  }
  CHECK(different < pixels.size() / 100);
}

TEST_CASE("decoder: the codec's threads change no frame") {
  for (const std::string name : {"bframes.mp4", "hevc.mp4", "vp9.webm", "av1.mp4"}) {
    CAPTURE(name);
    DecoderOptions options;
    options.reader.threads = 4;
    CHECK(decode(data(name), options) == decode(data(name)));
  }
}

TEST_CASE("decoder: samplers choose the frames that Towhee and CLIP4Clip choose") {
  for (const auto& sample : expected()["samples"]) {
    CAPTURE(sample.dump());
    const std::string name = sample["clip"];
    DecoderOptions options;
    options.window.start_s = sample.value("start", 0.0);
    if (sample.contains("end")) options.window.end_s = sample["end"];
    if (sample.contains("num_samples")) {
      options.sample = DecoderOptions::Uniform{sample["num_samples"]};
    } else if (sample.contains("time_step")) {
      options.sample = DecoderOptions::TimeStep{sample["time_step"]};
    } else {
      options.sample = DecoderOptions::FrameASecond{};
    }
    const auto& all = expected()["clips"][name]["frames"];
    std::int64_t first = 0;
    while (all[static_cast<std::size_t>(first)]["ms"].get<double>() / 1000 < options.window.start_s) ++first;
    const std::vector<Seen> frames = decode(data(name), options);
    CHECK(chosen(frames, first) == sample["frames"].get<std::vector<std::int64_t>>());
    for (const Seen& frame : frames) CHECK(frame.md5 == all[static_cast<std::size_t>(first + frame.index)]["md5"]);
  }
}

TEST_CASE("decoder: from any start time the frames are those of a run from the beginning") {
  for (const std::string name :
       {"bframes.mp4", "open_gop.mp4", "open_gop.mkv", "intra_refresh.mp4", "one_key.mp4", "vfr.mp4", "edit_list.mp4",
        "hevc_open_gop.mp4", "vp9.webm", "late_start.ts", "late_start.mkv", "mpeg4.avi"}) {
    CAPTURE(name);
    const std::vector<Seen> all = decode(data(name));
    for (std::size_t first = 0; first < all.size(); ++first) {
      for (const double earlier_ms : {0.0, 13.0}) {
        CAPTURE(first);
        DecoderOptions options;
        options.window.start_s = std::max(0.0, (all[first].timestamp_ms - earlier_ms) / 1000);
        std::size_t expected_first = 0;
        while (all[expected_first].timestamp_ms / 1000 < options.window.start_s) ++expected_first;
        std::vector<Seen> wanted(all.begin() + static_cast<std::ptrdiff_t>(expected_first), all.end());
        for (std::size_t i = 0; i < wanted.size(); ++i) wanted[i].index = static_cast<std::int64_t>(i);
        CHECK(decode(data(name), options) == wanted);
      }
    }
  }
}

TEST_CASE("reader: a seek lands on a key frame not after the time asked for or says that it cannot") {
  for (const std::string name : {"open_gop.mp4", "open_gop.mkv", "hevc_open_gop.mp4"}) {
    CAPTURE(name);
    Reader reader(data(name), {}, {});
    REQUIRE(reader.seek(2.0));
    CHECK(reader.timestamp_ms() == 1920);
    CHECK(reader.key_frame());
  }
  CHECK_FALSE(Reader(data("late_start.ts"), {}, {}).seek(2.0));
  CHECK_FALSE(Reader(data("late_start.mkv"), {}, {}).seek(2.0));  // begins at 5 s
}

TEST_CASE("decoder: a frame at the end time is kept and later ones are not") {
  DecoderOptions options;
  options.window = {0.4, 0.8};
  const std::vector<Seen> frames = decode(data("bframes.mp4"), options);
  REQUIRE(frames.size() == 11);
  CHECK(frames.front().timestamp_ms == 400);
  CHECK(frames.back().timestamp_ms == 800);
}

TEST_CASE("decoder: a video without a duration is counted first") {
  DecoderOptions options;
  options.sample = DecoderOptions::Uniform{6};
  CHECK(chosen(decode(data("vp8_live.webm"), options)) == std::vector<std::int64_t>{0, 4, 9, 14, 19, 24});
  Decoder decoder(data("vp8_live.webm"), {}, {});
  CHECK(decoder.estimated_frames() == 25);
  CHECK(decoder.duration_s() < 0);
}

TEST_CASE("decoder: the stream's duration leaves longer audio out") {
  DecoderOptions options;
  options.sample = DecoderOptions::Uniform{5};
  CHECK(chosen(decode(data("audio_longer.mp4"), options)) == std::vector<std::int64_t>{0, 12, 24, 24});
  options.stream_duration = true;
  CHECK(chosen(decode(data("audio_longer.mp4"), options)) == std::vector<std::int64_t>{0, 6, 12, 18, 24});
}

TEST_CASE("decoder: fewer samples than were asked for are told") {
  std::vector<std::string> told;
  Hooks hooks;
  hooks.warn_of_few_frames = [&](const std::string& message) { told.push_back(message); };
  DecoderOptions options;
  options.sample = DecoderOptions::Uniform{5};
  CHECK(decode(data("audio_longer.mp4"), options, hooks).size() == 4);
  CHECK(told == std::vector<std::string>{"video '" + data("audio_longer.mp4") +
                                         "' gave 4 of 5 samples: its frames end after 0.960 s, sooner than the 2.000 s "
                                         "that it tells; duration: stream leaves longer audio out"});
  told.clear();
  options.stream_duration = true;
  CHECK(decode(data("audio_longer.mp4"), options, hooks).size() == 5);
  for (const std::string name : {"bframes.mp4", "three_frames.mp4", "unknown_duration.mp4", "says_longer.mkv"}) {
    CHECK(decode(data(name), options, hooks).size() == 5);
  }
  CHECK(told.empty());
}

TEST_CASE("decoder: a duration that nothing in the file lasts for gives way to the frames") {
  const auto estimate = [](const std::string& name) {
    const Decoder decoder(data(name), {}, {});
    return std::pair(decoder.estimated_frames(), std::lround(1000 * decoder.duration_s()));
  };
  CHECK(estimate("unknown_duration.mp4") == std::pair(std::int64_t{60}, 2000L));
  CHECK(estimate("says_longer.mkv") == std::pair(std::int64_t{50}, 2000L));
  CHECK(estimate("empty_edit.mp4") == std::pair(std::int64_t{50}, 2000L));
  CHECK(estimate("raw.mpg") == std::pair(std::int64_t{50}, -1000L));  // guessed by FFmpeg, which is no duration
  CHECK(estimate("raw_tiny_rate.mpg") == std::pair(std::int64_t{50}, -1000L));
  CHECK(estimate("audio_longer.mp4") == std::pair(std::int64_t{50}, 2000L));
}

TEST_CASE("decoder: estimates are those of what is delivered") {
  DecoderOptions options;
  options.window = {0.5, 1.5};
  const Decoder every(data("bframes.mp4"), options, {});
  CHECK(every.estimated_frames() == 25);
  CHECK(every.duration_s() == 1);
  CHECK(every.rate() == 25);
  options.sample = DecoderOptions::Uniform{4};
  CHECK(Decoder(data("bframes.mp4"), options, {}).estimated_frames() == 4);
  options.sample = DecoderOptions::TimeStep{0.3};
  CHECK(Decoder(data("bframes.mp4"), options, {}).estimated_frames() == 4);
}

TEST_CASE("decoder: rotated clips are turned as FFmpeg's program turns them") {
  for (const std::string name :
       {"rotated_90.mp4", "rotated_180.mp4", "rotated_270.mp4", "mirrored.mp4", "transposed.mp4"}) {
    CAPTURE(name);
    CHECK(decode(data(name)).at(0).md5 == expected()["clips"][name]["shown_md5"].get<std::string>());
  }
  CHECK(decode(data("rotated_90.mp4")).at(0).width == 64);
  CHECK(decode(data("rotated_90.mp4")).at(0).height == 96);
}

TEST_CASE("decoder: a matrix without an angle is no turn") {
  CHECK(decode(data("zero_matrix.mp4")) == decode(data("three_frames.mp4")));
  for (const std::vector<std::int32_t>& matrix :
       {std::vector<std::int32_t>(9, 0), {65536, 0, 0, 0, 0, 0, 0, 0, 1 << 30}, {0, 65536, 0, 0, 65536, 0, 0, 0, 0}}) {
    const auto turn = Orientation::from_matrix(matrix.data());
    REQUIRE(turn);
    CHECK(turn->upright());
  }
}

TEST_CASE("decoder: of key frames alone nothing else is decoded where that is exact") {
  ReaderOptions options;
  options.key_frames_only = true;
  for (const auto& [name, all, keys] :
       {std::tuple("bframes.mp4", 50, 5), {"open_gop.mkv", 100, 9}, {"vp8_live.webm", 25, 3}}) {
    CAPTURE(name);
    Reader reader(data(name), options, {});
    CHECK(reader.skips());
    while (reader.next()) CHECK(reader.key_frame());
    CHECK(reader.frames() == keys);
    CHECK(expected()["clips"][name]["frames"].size() == all);
  }
  for (const std::string name : {"vp9.webm", "mpeg4.avi", "raw.mpg", "late_start.ts"}) {
    CAPTURE(name);
    CHECK(!Reader(data(name), options, {}).skips());
  }
}

TEST_CASE("decoder: a window without a key frame gives none of them") {
  DecoderOptions options;
  options.sample = DecoderOptions::KeyFrames{};
  options.window = {0.1, 0.3};
  CHECK(decode(data("bframes.mp4"), options).empty());
  CHECK(decode(data("mpeg4.avi"), options).empty());
  options.window = {9, std::nullopt};
  CHECK(failure(data("bframes.mp4"), options) ==
        "invalid_media: video '" + data("bframes.mp4") + "' has no frame from 9 s on");
}

TEST_CASE("decoder: frames keep their own size when it changes in mid-stream") {
  const std::vector<Seen> frames = decode(data("size_change.ts"));
  CHECK(frames.front().width == 96);
  CHECK(frames.front().height == 64);
  CHECK(frames.back().width == 128);
  CHECK(frames.back().height == 96);
}

TEST_CASE("decoder: it stops after the last frame that is wanted") {
  // The damage of this file begins at 1.3 s.
  DecoderOptions options;
  options.window.end_s = 0.8;
  CHECK(decode(data("cut_mdat.mp4"), options).size() == 21);
  options = {};
  options.sample = DecoderOptions::Uniform{1};
  CHECK(decode(data("cut_mdat.mp4"), options).size() == 1);
}

}  // namespace pipit::video
