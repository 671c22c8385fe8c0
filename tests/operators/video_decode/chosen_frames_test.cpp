// Frames that are decoded apart, beside those of a run from the beginning.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <random>

#include "clips.h"
#include "pipit/error.h"

namespace pipit::video {

namespace {

/// Every clip of data/ and data/groups/, by its name there.
std::vector<std::string> all_clips() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(data(""))) {
    const std::string type = entry.path().extension();
    if (entry.is_regular_file() && type != ".py" && type != ".json" && type != ".rgb") {
      names.push_back(std::filesystem::relative(entry.path(), data("")));
    }
  }
  std::ranges::sort(names);
  return names;
}

/// What a run gave, in words: frames, warnings, the error at its end.
struct Outcome {
  std::vector<Seen> frames;
  std::vector<std::string> told;

  bool operator==(const Outcome&) const = default;
};

Outcome outcome(const std::string& clip, const DecoderOptions& options) {
  Outcome is;
  Hooks hooks;
  hooks.warn = hooks.warn_of_few_frames = [&](const std::string& message) { is.told.push_back(message); };
  try {
    Decoder decoder(clip, options, hooks);
    while (const Shot* shot = decoder.next()) {
      std::vector<std::uint8_t> pixels(shot->size.bytes());
      decoder.rgb(pixels.data());
      const Seen seen{shot->index,      shot->timestamp_ms, shot->key_frame,
                      shot->size.width, shot->size.height,  md5(pixels)};
      is.frames.insert(is.frames.end(), static_cast<std::size_t>(shot->copies), seen);
    }
    is.told.push_back(std::to_string(decoder.estimated_frames()));
  } catch (const Error& e) {
    is.told.push_back(e.what());
  }
  return is;
}

class Requests {
 public:
  explicit Requests(unsigned seed) : random_(seed) {}

  DecoderOptions next() {
    DecoderOptions options;
    switch (below(4)) {
      case 0:
        options.sample = DecoderOptions::FrameASecond{};
        break;
      case 1:
        options.sample = DecoderOptions::TimeStep{(1 + below(120)) / 100.0};
        break;
      default:
        options.sample = DecoderOptions::Uniform{1 + below(below(2) == 0 ? 6 : 40)};
    }
    if (below(3) == 0) options.window.start_s = below(320) / 100.0;
    if (below(3) == 0) options.window.end_s = options.window.start_s + (1 + below(200)) / 100.0;
    options.reader.threads = 1 + below(3);
    options.reader.fail_on_corrupt = below(2) == 0;
    return options;
  }
  int below(int n) { return std::uniform_int_distribution(0, n - 1)(random_); }

 private:
  std::mt19937 random_;
};

}  // namespace

TEST_CASE("chosen frames: they are those of a run from the beginning") {
  const std::vector<std::string> clips = all_clips();
  const char* asked = std::getenv("PIPIT_RANDOM_REQUESTS");
  const int requests = asked == nullptr ? 9 : std::atoi(asked);  // a thousand over all clips
  Requests random(1);
  for (const std::string& clip : clips) {
    for (int i = 0; i < requests; ++i) {
      CAPTURE(clip);
      CAPTURE(i);
      DecoderOptions options = random.next();
      const Outcome chosen = outcome(data(clip), options);
      options.in_order = true;
      CHECK(chosen == outcome(data(clip), options));
    }
  }
}

TEST_CASE("chosen frames: no more is decoded than they need") {
  // Five frames of each; how many lie before them in their groups is the encoder's choice.
  struct Most {
    const char* clip;
    std::int64_t decoded;
    std::int64_t withheld;  // at least
  };
  for (const Most& most : std::initializer_list<Most>{{"groups/h264.mp4", 56, 10},
                                                      {"groups/h264.ts", 56, 10},
                                                      {"groups/h264_vfr.mp4", 19, 1},
                                                      {"groups/hevc.mp4", 50, 16},
                                                      {"groups/hevc_layers.mp4", 66, 0},
                                                      {"groups/mpeg2.ts", 13, 16},
                                                      {"groups/mpeg4_closed.mov", 15, 14},
                                                      {"groups/jpeg.avi", 5, 0},
                                                      {"groups/vp9.webm", 68, 0},
                                                      {"groups/av1.mp4", 68, 0},
                                                      {"open_gop.mp4", 53, 45}}) {
    CAPTURE(most.clip);
    DecoderOptions options;
    options.sample = DecoderOptions::Uniform{5};
    Decoder decoder(data(most.clip), options, {});
    CHECK(!decoder.decodes_in_order());
    std::int64_t shots = 0;
    while (decoder.next() != nullptr) ++shots;
    CHECK(shots == 5);
    CHECK(!decoder.decodes_in_order());
    CHECK(decoder.work().frames_decoded <= most.decoded);
    CHECK(decoder.work().packets_withheld >= most.withheld);
  }
}

TEST_CASE("chosen frames: where the container does not tell enough frames are decoded in order") {
  for (const char* clip : {"edit_list.mp4", "groups/h264_interlaced.mp4", "groups/mpeg4.avi", "size_change.ts",
                           "groups/mpeg2.mpg", "groups/h264_one_b.flv"}) {
    CAPTURE(clip);
    DecoderOptions options;
    options.sample = DecoderOptions::Uniform{5};
    Decoder decoder(data(clip), options, {});
    while (decoder.next() != nullptr) {
    }
    CHECK(decoder.decodes_in_order());
  }
}

}  // namespace pipit::video
