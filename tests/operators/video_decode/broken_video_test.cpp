#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "clips.h"
#include "media/ffmpeg.h"

namespace pipit::video {

namespace {

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A folder that goes when the test ends.
class Scratch {
 public:
  Scratch() : folder_(std::filesystem::temp_directory_path() / ("pipit_video_" + std::to_string(::getpid()))) {
    std::filesystem::create_directory(folder_);
  }
  ~Scratch() { std::filesystem::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string file(const std::string& name, const std::string& bytes) const {
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }

 private:
  std::filesystem::path folder_;
};

/// What reaches standard error while it lives.
class StandardError {
 public:
  StandardError() : saved_(::dup(2)) {
    std::fflush(stderr);
    int ends[2];
    REQUIRE(::pipe2(ends, O_NONBLOCK) == 0);
    read_ = ends[0];
    ::dup2(ends[1], 2);
    ::close(ends[1]);
  }
  ~StandardError() {
    ::dup2(saved_, 2);
    ::close(saved_);
    ::close(read_);
  }
  std::string text() {
    std::fflush(stderr);
    char buffer[4096];
    const ssize_t n = ::read(read_, buffer, sizeof buffer);
    return {buffer, static_cast<std::size_t>(std::max<ssize_t>(n, 0))};
  }

 private:
  int saved_;
  int read_;
};

std::vector<std::int64_t> indices_of(const std::vector<Seen>& frames) {
  std::vector<std::int64_t> indices;
  for (const Seen& frame : frames) indices.push_back(frame.index);
  return indices;
}

}  // namespace

TEST_CASE("broken video: a path that is no regular file is refused") {
  const Scratch scratch;
  const std::string fifo = scratch.path("fifo");
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(failure("no/such.mp4") == "not_found: video 'no/such.mp4' does not exist");
  CHECK(failure(data("bframes.mp4/x")) == "not_found: video '" + data("bframes.mp4/x") + "' does not exist");
  CHECK(failure(data(".")) == "invalid_media: video '" + data(".") + "' is a directory, expected a video file");
  CHECK(failure(fifo) == "invalid_media: video '" + fifo + "' is a FIFO, expected a video file");
  CHECK(failure("/dev/zero") == "invalid_media: video '/dev/zero' is a device, expected a video file");
  CHECK(failure("") == "not_found: video '' does not exist");
  CHECK(failure(std::string("a.mp4\0x", 7)) == "invalid_input: a video's path holds a zero byte");
}

TEST_CASE("broken video: a path is never a URL") {
  const std::string clip = data("bframes.mp4");
  for (const std::string& url : {"file:" + clip, "concat:" + clip + "|" + clip, std::string("http://127.0.0.1/x.mp4"),
                                 "subfile,,start,0,end,100,,:" + clip, std::string("pipe:0"), std::string("-")}) {
    CHECK(failure(url) == "not_found: video '" + url + "' does not exist");
  }
}

TEST_CASE("broken video: a file that is no video is refused") {
  const Scratch scratch;
  const std::string empty = scratch.file("empty.mp4", "");
  const std::string text = scratch.file("text.mp4", "once upon a time there was no video in this file\n");
  const std::string playlist =
      scratch.file("list.mp4", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n");
  const std::string concat = scratch.file("concat.mp4", "ffconcat version 1.0\nfile '" + data("bframes.mp4") + "'\n");
  CHECK(failure(empty) == "invalid_media: video '" + empty + "' is empty, expected a video file");
  CHECK(failure(text) == "invalid_media: video '" + text + "' has no video format that is known");
  CHECK(failure(playlist) ==
        "invalid_media: video '" + playlist + "' holds 'hls' (Apple HTTP Live Streaming), expected a video file");
  CHECK(failure(concat) ==
        "invalid_media: video '" + concat + "' holds 'concat' (Virtual concatenation script), expected a video file");
  const std::string image = PIPIT_SOURCE_DIR "/tests/operators/image_decode/data/rgb.png";
  CHECK(failure(image) == "invalid_media: video '" + image +
                              "' holds 'png_pipe' (piped png sequence), expected a video file; image_decode.ffmpeg "
                              "reads images");
  CHECK(failure(data("audio_only.mp4")) ==
        "invalid_media: video '" + data("audio_only.mp4") + "' has no video stream, found audio (aac)");
}

TEST_CASE("broken video: containers and codecs are explicit lists, which can be narrowed") {
  // FFmpeg would decode this one.
  const Scratch scratch;
  std::string bytes = bytes_of(data("mpeg4.avi"));
  for (std::size_t at; (at = bytes.find("FMP4")) != std::string::npos;) bytes.replace(at, 4, "ZMBV");
  const std::string exotic = scratch.file("exotic.avi", bytes);
  CHECK(failure(exotic) == "invalid_media: video '" + exotic +
                               "' is encoded as 'zmbv', which is not among the codecs that are decoded (pipit inspect "
                               "video_decode.ffmpeg lists them); encode it anew, as H.264 say");
  DecoderOptions options;
  options.reader.accepted = AcceptedFormats({"mov", "matroska"}, {"hevc", "av1"});
  CHECK(decode(data("hevc.mp4"), options) == decode(data("hevc.mp4")));
  CHECK(decode(data("av1.mp4"), options) == decode(data("av1.mp4")));
  CHECK(failure(data("bframes.mp4"), options) == "invalid_media: video '" + data("bframes.mp4") +
                                                     "' is encoded as 'h264', which is not among codecs = hevc, av1");
  CHECK(failure(data("jpeg.avi"), options) ==
        "invalid_media: video '" + data("jpeg.avi") +
            "' is a file of kind 'avi', which is not among containers = mov, matroska");
}

TEST_CASE("broken video: opening a file tries no decoder but those of the list") {
  const std::string decoders = "," + AcceptedFormats().decoders() + ",";
  CHECK(decoders.find(",h264,") != std::string::npos);
  for (const char* other : {",aac,", ",mp3,", ",zmbv,", ",ansi,", ",subrip,"})
    CHECK(decoders.find(other) == std::string::npos);
  const AcceptedFormats narrow({}, {"mpeg4"});
  CHECK(narrow.decoders().starts_with("mpeg4"));
  CHECK(narrow.decoders().find("h264") == std::string::npos);
}

TEST_CASE("broken video: the lists have FFmpeg's names") {
  for (const std::string_view name : kContainers) {
    CAPTURE(name);
    CHECK(av_find_input_format(std::string(name).c_str()) != nullptr);
  }
  for (const std::string_view name : kCodecs) {
    CAPTURE(name);
    const AVCodecDescriptor* codec = avcodec_descriptor_get_by_name(std::string(name).c_str());
    REQUIRE(codec != nullptr);
    CHECK(codec->type == AVMEDIA_TYPE_VIDEO);
    CHECK(avcodec_find_decoder(codec->id) != nullptr);
  }
}

TEST_CASE("broken video: a stream that is not there is refused") {
  DecoderOptions options;
  options.reader.stream = 2;
  CHECK(failure(data("two_videos.mp4"), options) ==
        "invalid_media: video '" + data("two_videos.mp4") +
            "' has 2 video streams, stream 2 was asked for (the first is 0)");
  CHECK(failure(data("bframes.mp4"), options) == "invalid_media: video '" + data("bframes.mp4") +
                                                     "' has 1 video stream, stream 2 was asked for (the first is 0)");
}

TEST_CASE("broken video: a window without a frame is an error") {
  DecoderOptions options;
  options.window.start_s = 9;
  CHECK(failure(data("bframes.mp4"), options) ==
        "invalid_media: video '" + data("bframes.mp4") + "' has no frame from 9 s on");
  options.window = {1.01, 1.02};
  CHECK(failure(data("bframes.mp4"), options) ==
        "invalid_media: video '" + data("bframes.mp4") + "' has no frame from 1.01 to 1.02 s");
}

TEST_CASE("broken video: a turn by other than right angles is an error") {
  CHECK(failure(data("tilted.mp4")) == "invalid_media: video '" + data("tilted.mp4") +
                                           "' is to be shown turned by 45 degrees, expected a multiple of 90; "
                                           "auto_rotate: false takes it as it is stored");
  DecoderOptions options;
  options.auto_rotate = false;
  CHECK(decode(data("tilted.mp4"), options).size() == 3);
}

TEST_CASE("broken video: bytes behind the last box are no damage") {
  const Scratch scratch;
  const std::string whole = bytes_of(data("faststart.mp4"));
  const std::vector<Seen> frames = decode(data("faststart.mp4"));
  std::string camera = "\x0a\x20";
  for (char byte = 0; byte < 90; ++byte) camera += byte;
  std::string overlong = whole;
  const std::size_t size_at = overlong.rfind("mdat") - 1;
  overlong[size_at] = static_cast<char>(overlong[size_at] + 8);
  for (const std::string& bytes : {whole + "\n", whole + "TAG" + std::string(125, '\0'), whole + camera,
                                   whole + "{\"gps\":[]}", whole + std::string(512, '\0'), whole + whole, overlong}) {
    CHECK(decode(scratch.file("trailing.mp4", bytes)) == frames);
  }
}

TEST_CASE("broken video: a fragmented file with bytes behind its last box is whole and a cut one is not") {
  const Scratch scratch;
  const std::string whole = bytes_of(data("unknown_duration.mp4"));
  const std::size_t index = whole.rfind("mfra") - 4;
  const std::string without_index = whole.substr(0, index);
  CHECK(decode(scratch.file("index.mp4", whole.substr(0, index + 20))).size() == 60);
  CHECK(decode(scratch.file("trailing.mp4", without_index + "{\"gps\":[]}")).size() == 60);
  std::string overlong = without_index;
  const std::size_t size_at = overlong.rfind("mdat") - 1;
  overlong[size_at] = static_cast<char>(overlong[size_at] + 8);
  CHECK(decode(scratch.file("overlong.mp4", overlong)).size() == 60);
  const std::size_t second = whole.rfind("moof") - 4;
  for (const std::size_t left : {1, 4, 5, 7, 8, 40}) {
    CAPTURE(left);
    CHECK(failure(scratch.file("cut.mp4", whole.substr(0, second + left))).starts_with("invalid_media: "));
  }
}

TEST_CASE("broken video: a Matroska file whose segment says too much is whole and a cut one is not") {
  const Scratch scratch;
  const std::string whole = bytes_of(data("open_gop.mkv"));
  const std::vector<Seen> frames = decode(data("open_gop.mkv"));
  const std::size_t segment = whole.find("\x18\x53\x80\x67");
  std::string overlong = whole;
  overlong[segment + 11] = static_cast<char>(overlong[segment + 11] + 8);
  CHECK(decode(scratch.file("overlong.mkv", overlong)) == frames);
  CHECK(decode(scratch.file("trailing.mkv", whole + "{\"gps\":[]}")) == frames);
  const std::size_t cues = whole.rfind("\x1C\x53\xBB\x6B");
  REQUIRE(cues != std::string::npos);
  CHECK(decode(scratch.file("index.mkv", whole.substr(0, cues + 9))) == frames);
  CHECK(failure(scratch.file("cut.mkv", whole.substr(0, cues - 1))).starts_with("invalid_media: "));
}

TEST_CASE("broken video: an AVI file whose size says too much is whole and a cut one is not") {
  const Scratch scratch;
  std::string bytes = bytes_of(data("mpeg4.avi"));
  bytes[5] = static_cast<char>(bytes[5] + 64);  // 16 KiB more
  CHECK(decode(scratch.file("overlong.avi", bytes)) == decode(data("mpeg4.avi")));
  const std::size_t index = bytes.rfind("idx1");
  CHECK(failure(scratch.file("cut.avi", bytes.substr(0, index - 3000))).starts_with("invalid_media: "));
}

TEST_CASE("broken video: an encrypted video is called so") {
  CHECK(failure(data("encrypted.mp4")) == "invalid_media: video '" + data("encrypted.mp4") +
                                              "' is encrypted, expected one without copy protection; decrypt it first");
}

TEST_CASE("broken video: a file cut before its index is an error") {
  CHECK(failure(data("cut_moov.mp4")) ==
        "invalid_media: video '" + data("cut_moov.mp4") + "' cannot be read as QuickTime / MOV: moov atom not found");
}

TEST_CASE("broken video: a cut inside is an error or a warning") {
  const std::string clip = data("cut_mdat.mp4");
  const std::string message = "video '" + clip + "' is damaged after 1.320 s: a packet is cut short";
  CHECK(failure(clip) == "invalid_media: " + message + "; on_corrupt: warn takes what can be decoded");
  DecoderOptions options;
  options.reader.fail_on_corrupt = false;
  std::vector<std::string> warnings;
  Hooks hooks;
  hooks.warn = [&](const std::string& text) { warnings.push_back(text); };
  const std::vector<Seen> frames = decode(clip, options, hooks);
  CHECK(frames.size() == 36);
  CHECK(warnings == std::vector<std::string>{message});
}

TEST_CASE("broken video: wherever a file is cut it never gives fewer frames in silence") {
  const Scratch scratch;
  for (const std::string name : {"faststart.mp4", "bframes.mp4", "open_gop.mkv", "vp9.webm", "mpeg4.avi", "hevc.mp4"}) {
    CAPTURE(name);
    const std::string whole = bytes_of(data(name));
    const std::size_t all = decode(data(name)).size();
    for (std::size_t keep = 1; keep < whole.size(); keep += 61) {
      CAPTURE(keep);
      const std::string clip = scratch.file("cut", whole.substr(0, keep));
      if (failure(clip).empty()) CHECK(decode(clip).size() == all);
    }
  }
}

TEST_CASE("broken video: uniform samples of a cut file are an error, whatever the codec's threads have read") {
  const Scratch scratch;
  for (const std::string name : {"faststart.mp4", "bframes.mp4", "open_gop.mkv", "vp9.webm", "hevc.mp4"}) {
    CAPTURE(name);
    const std::string whole = bytes_of(data(name));
    for (const int threads : {1, 2}) {
      CAPTURE(threads);
      DecoderOptions options;
      options.sample = DecoderOptions::Uniform{12};
      options.reader.threads = threads;
      const std::vector<std::int64_t> indices = indices_of(decode(data(name), options));
      for (std::size_t keep = 1; keep < whole.size(); keep += 97) {
        CAPTURE(keep);
        const std::string clip = scratch.file("cut", whole.substr(0, keep));
        if (failure(clip, options).empty()) CHECK(indices_of(decode(clip, options)) == indices);
      }
      options.sample = DecoderOptions::Uniform{1};
      const std::string half = scratch.file("half", whole.substr(0, whole.size() / 2));
      if (name == "vp9.webm") CHECK(failure(half, options).empty());  // the first frame is there
    }
  }
}

TEST_CASE("broken video: garbage inside is an error or a warning") {
  const Scratch scratch;
  std::string bytes = bytes_of(data("bframes.mp4"));
  for (std::size_t i = 3000; i < 3400; ++i) bytes[i] = static_cast<char>(i * 37);
  const std::string clip = scratch.file("garbage.mp4", bytes);
  CHECK(failure(clip).starts_with("invalid_media: video '" + clip + "' is damaged after "));
  DecoderOptions options;
  options.reader.fail_on_corrupt = false;
  int warnings = 0;
  Hooks hooks;
  hooks.warn = [&](const std::string&) { ++warnings; };
  CHECK(decode(clip, options, hooks).size() > 40);
  CHECK(warnings == 1);
}

TEST_CASE("broken video: without any frame it is an error whatever on_corrupt says") {
  const Scratch scratch;
  std::string bytes = bytes_of(data("faststart.mp4"));
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(bytes.find("mdat") + 4), bytes.end(), '\x01');
  const std::string clip = scratch.file("zeros.mp4", bytes);
  DecoderOptions options;
  options.reader.fail_on_corrupt = false;
  CHECK(failure(clip, options) == "invalid_media: video '" + clip + "' has no frame that can be decoded");
}

TEST_CASE("broken video: FFmpeg's words do not reach standard error") {
  StandardError standard_error;
  DecoderOptions options;
  options.reader.threads = 4;
  CHECK(!failure(data("cut_mdat.mp4"), options).empty());
  CHECK(!failure(data("cut_moov.mp4"), options).empty());
  options.reader.fail_on_corrupt = false;
  CHECK(!decode(data("cut_mdat.mp4"), options).empty());
  const Scratch scratch;
  const std::string whole = bytes_of(data("vp9.webm"));
  for (std::size_t at = 500; at < whole.size(); at += 40) {
    std::string bytes = whole;
    for (std::size_t i = at; i < std::min(at + 8, whole.size()); ++i) bytes[i] = static_cast<char>(i * 37);
    (void)failure(scratch.file("garbage.webm", bytes), options);
  }
  CHECK(standard_error.text() == "");
}

TEST_CASE("limits: frames beyond max_pixels are refused") {
  DecoderOptions options;
  options.reader.limits.max_pixels = 96 * 64 - 1;
  CHECK(failure(data("bframes.mp4"), options) ==
        "limit_exceeded: video '" + data("bframes.mp4") + "' has frames of 96x64, more than max_pixels = 6143");
  options.reader.limits.max_pixels = 96 * 64;
  CHECK(decode(data("bframes.mp4"), options).size() == 50);
  CHECK(failure(data("size_change.ts"), options) ==
        "limit_exceeded: video '" + data("size_change.ts") + "' has frames of 128x96, more than max_pixels = 6144");
  // Beyond twice the limit the codec refuses before it reserves memory.
  CHECK(failure(data("size_jump.ts"), options) ==
        "limit_exceeded: video '" + data("size_jump.ts") +
            "' is beyond a limit: Picture size 3008x2000 exceeds specified max pixel count 4206592");
}

TEST_CASE("limits: packets without a frame are counted") {
  DecoderOptions options;
  options.reader.limits.max_packets = 1;
  CHECK(failure(data("bframes.mp4"), options) ==
        "limit_exceeded: video '" + data("bframes.mp4") + "' gave no frame in max_packets = 1 packets");
}

TEST_CASE("broken video: a million tiny boxes cost no million reads") {
  const Scratch scratch;
  std::string bytes = bytes_of(data("bframes.mp4"));
  for (int i = 0; i < 1'000'000; ++i)
    bytes += std::string(
        "\0\0\0\x08"
        "free",
        8);
  const std::string clip = scratch.file("boxes.mp4", bytes);
  const auto reads = [] {
    std::ifstream io("/proc/self/io");
    for (std::string name, number; io >> name >> number;) {
      if (name == "syscr:") return std::stol(number);
    }
    return -1L;
  };
  const long before = reads();
  REQUIRE(before >= 0);
  CHECK(decode(clip) == decode(data("bframes.mp4")));
  CHECK(reads() - before < 20'000);
}

TEST_CASE("limits: streams are counted") {
  DecoderOptions options;
  options.reader.limits.max_streams = 1;
  CHECK(failure(data("two_videos.mp4"), options) ==
        "limit_exceeded: video '" + data("two_videos.mp4") +
            "' is beyond a limit: Number of streams exceeds max_streams parameter (1)");
}

TEST_CASE("limits: a video that gives no frame in time is given up") {
  DecoderOptions options;
  options.reader.limits.stall_s = 1e-9;
  CHECK(failure(data("bframes.mp4"), options) ==
        "limit_exceeded: video '" + data("bframes.mp4") + "' gave no frame for stall = 1e-09 s");
}

TEST_CASE("limits: a step that repeats a frame without end is refused") {
  TimeStepSample sampler(0, 0.25);
  CHECK(sampler.copies(1000, false) == 5);
  CHECK_THROWS_WITH(sampler.copies(1e9, false),
                    "time_step is so small that one frame would be taken more than 1000000 times");
  CHECK_THROWS_WITH(TimeStepSample::check(0.0009), "argument 'time_step' must be at least 0.001 seconds");
}

TEST_CASE("stop: a stop is obeyed at the start and between frames") {
  Hooks hooks;
  int asked = 0;
  hooks.stop_requested = [&] { return ++asked > 0; };
  CHECK(failure(data("bframes.mp4"), {}, hooks) ==
        "cancelled: video '" + data("bframes.mp4") + "' was given up: a stop was requested");
  bool stop = false;
  hooks.stop_requested = [&] { return stop; };
  Decoder decoder(data("bframes.mp4"), {}, hooks);
  CHECK(decoder.next() != nullptr);
  stop = true;
  CHECK_THROWS_WITH(decoder.next(), ("video '" + data("bframes.mp4") + "' was given up: a stop was requested").c_str());
}

}  // namespace pipit::video
