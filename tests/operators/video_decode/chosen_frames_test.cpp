// Frames that are decoded apart, beside those of a run from the beginning.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
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
  const int requests = asked == nullptr ? 3 : std::atoi(asked);
  Requests random(1);
  std::map<std::string, int> apart;
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

TEST_CASE("chosen frames: probe") {
  for (const std::string& clip : all_clips()) {
    DecoderOptions options;
    options.sample = DecoderOptions::Uniform{5};
    try {
      Decoder decoder(data(clip), options, {});
      const bool first = decoder.decodes_in_order();
      while (decoder.next() != nullptr) {
      }
      const Work w = decoder.work();
      std::printf("%-30s %s%s read %ld withheld %ld decoded %ld\n", clip.c_str(), first ? "in order" : "apart   ",
                  !first && decoder.decodes_in_order() ? " FELL BACK" : "", w.packets_read, w.packets_withheld,
                  w.frames_decoded);
    } catch (const Error& e) {
      std::printf("%s\n", e.what());
    }
  }
}

}  // namespace pipit::video
