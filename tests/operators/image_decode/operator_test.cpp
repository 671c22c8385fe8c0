// The module image_decode.ffmpeg, as a host runs it, against what Pillow reads (data/generate.py).
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

extern "C" {
#include <libavutil/md5.h>
}

#include "pipit/pipeline.h"

namespace {

using pipit::Frame;
using pipit::Pipeline;
using pipit::Result;

Pipeline open(const std::string& args = "", std::vector<std::string>* warnings = nullptr) {
  pipit::Options options;
  options.operator_path = {PIPIT_BUILD_DIR "/lib/pipit/operators"};
  if (warnings != nullptr)
    options.on_warning = [warnings](const std::string& message) { warnings->push_back(message); };
  return Pipeline::parse(
      "pipit: 1\nname: t\ninputs: {path: string}\nnodes:\n"
      "  - {name: decode, op: image_decode.ffmpeg, in: path, out: image, args: {" +
          args + "}}\noutputs: [image]\n",
      ".", options);
}

std::string data(const std::string& name) {
  return std::string(PIPIT_TEST_DATA) + "/" + name;
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string md5(const std::uint8_t* bytes, std::size_t size) {
  std::uint8_t sum[16];
  av_md5_sum(sum, bytes, size);
  std::string text;
  for (const std::uint8_t byte : sum) {
    for (const int nibble : {byte >> 4, byte & 15}) text += "0123456789abcdef"[nibble];
  }
  return text;
}

const nlohmann::json& expected() {
  static const nlohmann::json all = nlohmann::json::parse(std::ifstream(data("expected.json")));
  return all["images"];
}

std::string failure(Pipeline& pipeline, const std::string& path) {
  const Result result = pipeline.call({{"path", path}});
  return result.error ? result.error->code + ": " + result.error->message : "";
}

/// A folder that goes when the test ends.
class Scratch {
 public:
  Scratch() : folder_(std::filesystem::temp_directory_path() / ("pipit_image_" + std::to_string(::getpid()))) {
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

}  // namespace

TEST_CASE("image_decode: images are Pillow's to the bit and JPEG and lossy WebP nearly so") {
  Pipeline pipeline = open();
  const std::string near = bytes_of(data("expected.bin"));
  for (const auto& [name, facts] : expected().items()) {
    CAPTURE(name);
    const Result result = pipeline.call({{"path", data(name)}});
    REQUIRE_MESSAGE(!result.error, (result.error ? result.error->message : ""));
    const Frame frame = result.get("image").frame();
    CHECK(frame.width() == facts["width"].get<std::int64_t>());
    CHECK(frame.height() == facts["height"].get<std::int64_t>());
    const auto* pixels = frame.pixels().data<std::uint8_t>();
    const auto size = static_cast<std::size_t>(frame.pixels().elements());
    if (facts.contains("md5")) {
      CHECK(md5(pixels, size) == facts["md5"].get<std::string>());
      continue;
    }
    int largest = 0;
    std::size_t different = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const int difference = std::abs(pixels[i] - static_cast<std::uint8_t>(near[facts["at"].get<std::size_t>() + i]));
      largest = std::max(largest, difference);
      different += difference > 1;
    }
    CHECK(largest <= 4);
    CHECK(different <= size / 20);
  }
}

TEST_CASE("image_decode: auto_rotate false gives the image as it is stored") {
  Pipeline pipeline = open("auto_rotate: false");
  const Frame stored = pipeline.call({{"path", data("turned_6.png")}}).get("image").frame();
  CHECK(stored.width() == 16);
  CHECK(stored.height() == 8);
  CHECK(md5(stored.pixels().data<std::uint8_t>(), 16 * 8 * 3) == expected()["turned_1.png"]["md5"].get<std::string>());
}

TEST_CASE("image_decode: what is not an image file fails its item with what it is") {
  const Scratch scratch;
  Pipeline pipeline = open();
  CHECK(failure(pipeline, "no/such.png") == "not_found: image 'no/such.png' does not exist");
  CHECK(failure(pipeline, "http://example.org/a.png") == "not_found: image 'http://example.org/a.png' does not exist");
  CHECK(failure(pipeline, "/") == "invalid_media: image '/' is a directory, expected an image file");
  CHECK(failure(pipeline, "/dev/zero") == "invalid_media: image '/dev/zero' is a device, expected an image file");
  const std::string fifo = scratch.path("fifo");
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(failure(pipeline, fifo) == "invalid_media: image '" + fifo + "' is a FIFO, expected an image file");
  const std::string empty = scratch.file("empty.png", "");
  CHECK(failure(pipeline, empty) == "invalid_media: image '" + empty + "' is empty, expected an image file");
  const std::string text = scratch.file("text.png", "#EXTM3U\n/etc/passwd\n");
  CHECK(failure(pipeline, text) == "invalid_media: image '" + text + "' is not a JPEG, PNG, WebP or BMP");
}

TEST_CASE("image_decode: what is another kind of file is named") {
  using std::string_literals::operator""s;
  const Scratch scratch;
  Pipeline pipeline = open();
  const std::pair<std::string, std::string> kinds[] = {{"\0\0\0\x18"
                                                        "ftypheic\0\0\0\0mif1heic"s,
                                                        "a HEIC image"},
                                                       {"\0\0\0\x18"
                                                        "ftypmif1\0\0\0\0mif1heic"s,
                                                        "a HEIC image"},
                                                       {"\0\0\0\x18"
                                                        "ftypmif1\0\0\0\0mif1avif"s,
                                                        "an AVIF image"},
                                                       {"\0\0\0\x14"
                                                        "ftypavif\0\0\0\0avif"s,
                                                        "an AVIF image"},
                                                       {"GIF89a\1\0\1\0"s, "a GIF image"},
                                                       {"II*\0\x08\0\0\0"s, "a TIFF image"},
                                                       {"MM\0*\0\0\0\x08"s, "a TIFF image"},
                                                       {"\xFF\x0A\x7F"s, "a JPEG XL image"},
                                                       {"\0\0\0\x0CJXL \r\n\x87\n"s, "a JPEG XL image"},
                                                       {"\0\0\0\x0CjP  \r\n\x87\n"s, "a JPEG 2000 image"},
                                                       {"8BPS\0\1"s, "a Photoshop file"},
                                                       {"<svg xmlns='http://www.w3.org/2000/svg'/>"s, "an SVG drawing"},
                                                       {"<?xml version='1.0'?>\n<svg/>"s, "an SVG drawing"},
                                                       {"%PDF-1.7\n"s, "a PDF file"},
                                                       {"<!DOCTYPE html><html>"s, "an HTML page"}};
  for (const auto& [bytes, name] : kinds) {
    const std::string path = scratch.file("other.jpg", bytes);
    CHECK(failure(pipeline, path) ==
          "invalid_media: image '" + path + "' is " + name + ", expected JPEG, PNG, WebP or BMP; convert it first");
  }
  const std::string video = scratch.file("video.jpg",
                                         "\0\0\0\x14"
                                         "ftypisom\0\0\0\0isom"s);
  CHECK(failure(pipeline, video) == "invalid_media: image '" + video +
                                        "' is an MP4 video, expected JPEG, PNG, WebP or BMP; video_decode.ffmpeg reads "
                                        "videos");
}

TEST_CASE("image_decode: an orientation of any integer type turns the image") {
  const Scratch scratch;
  Pipeline pipeline = open();
  const std::string jpeg = bytes_of(data("exif_short.jpg"));
  const std::size_t entry = jpeg.find("II*") + 10;
  for (const char type : {1, 3, 4, 6, 8, 9, 13}) {
    CAPTURE(static_cast<int>(type));
    std::string bytes = jpeg;
    bytes[entry + 2] = type;
    CHECK(pipeline.call({{"path", scratch.file("a.jpg", bytes)}}).get("image").frame().width() == 8);
  }
  std::string text = jpeg;
  text[entry + 2] = 2;
  CHECK(pipeline.call({{"path", scratch.file("a.jpg", text)}}).get("image").frame().width() == 16);
}

TEST_CASE("image_decode: sizes in a header that the picture does not need are no damage") {
  const Scratch scratch;
  Pipeline pipeline = open();
  const auto pixels = [&](const std::string& bytes) {
    const Result result = pipeline.call({{"path", scratch.file("image", bytes)}});
    REQUIRE_MESSAGE(!result.error, (result.error ? result.error->message : ""));
    const Frame frame = result.get("image").frame();
    return md5(frame.pixels().data<std::uint8_t>(), static_cast<std::size_t>(frame.pixels().elements()));
  };
  for (const std::string name : {"rgb.bmp", "one_bit.bmp", "lossless.webp"}) {
    CAPTURE(name);
    const std::string whole = bytes_of(data(name));
    const std::size_t size = name.ends_with("bmp") ? 2 : 4;
    for (const std::string& claimed : {std::string(4, '\0'), std::string("\x0A\0\0\0", 4), std::string(4, '\x7F')}) {
      std::string bytes = whole;
      bytes.replace(size, 4, claimed);
      CHECK(pixels(bytes) == expected()[name]["md5"].get<std::string>());
      CHECK(pixels(bytes + "behind") == expected()[name]["md5"].get<std::string>());
    }
  }
  // The padding of the last line is no pixel; that of all lines may be left out.
  const std::string bmp = bytes_of(data("rgb.bmp"));
  CHECK(pixels(bmp.substr(0, bmp.size() - 1)) == expected()["rgb.bmp"]["md5"].get<std::string>());
}

TEST_CASE("image_decode: an animation's canvas is checked before it takes memory") {
  const Scratch scratch;
  std::string bytes = bytes_of(data("animated_at_lossless.webp"));
  const std::size_t canvas = bytes.find("VP8X") + 12;
  bytes.replace(canvas, 6, "\xFF\xFF\0\xFF\xFF\0", 6);
  const std::string wide = scratch.file("wide.webp", bytes);
  Pipeline pipeline = open();
  CHECK(failure(pipeline, wide) ==
        "limit_exceeded: image '" + wide + "' is beyond max_pixels = 67108864: its canvas is 65536x65536");
  bytes.replace(canvas, 6, "\x20\0\0\x20\0\0", 6);
  const std::string narrow = scratch.file("narrow.webp", bytes);
  CHECK(failure(pipeline, narrow) ==
        "invalid_media: image '" + narrow + "' cannot be decoded: its first picture reaches beyond its canvas");
}

TEST_CASE("image_decode: limits are checked before pixels take memory") {
  const std::string path = data("rgb.png");
  Pipeline pixels = open("max_pixels: 100");
  CHECK(failure(pixels, path) == "limit_exceeded: image '" + path + "' is 37x23, more than max_pixels = 100");
  for (const std::string name :
       {"420.jpg", "progressive.jpg", "adam7_16x8.png", "lossless.webp", "lossy.webp", "rgb.bmp"}) {
    CHECK(failure(pixels, data(name)).starts_with("limit_exceeded: image '" + data(name) + "' is "));
  }
  Pipeline bytes = open("max_bytes: 100");
  CHECK(failure(bytes, path) == "limit_exceeded: image '" + path + "' has " +
                                    std::to_string(std::filesystem::file_size(path)) +
                                    " bytes, more than max_bytes = 100");
  CHECK_THROWS_WITH_AS(open("max_pixels: 0"),
                       "pipeline:5:86: node 'decode': argument 'max_pixels' takes an int from 1 to 2147483583, found "
                       "0\n"
                       "      - {name: decode, op: image_decode.ffmpeg, in: path, out: image, args: {max_pixels: 0}}\n"
                       "                                                                                         ^",
                       pipit::Error);
}

TEST_CASE("image_decode: an image cut anywhere is an error unless every pixel is there") {
  const Scratch scratch;
  Pipeline pipeline = open();
  for (const std::string name : {"420.jpg", "progressive.jpg", "rgb.png", "adam7_16x8.png", "lossless.webp",
                                 "lossy.webp", "animated_lossless.webp", "rgb.bmp"}) {
    const std::string whole = bytes_of(data(name));
    const auto pixels = [](const Result& result) {
      const Frame frame = result.get("image").frame();
      return md5(frame.pixels().data<std::uint8_t>(), static_cast<std::size_t>(frame.pixels().elements()));
    };
    const std::string all = pixels(pipeline.call({{"path", data(name)}}));
    int errors = 0;
    for (std::size_t size = 1; size < whole.size(); size += 1 + (whole.size() - size) / 40) {
      CAPTURE(name);
      CAPTURE(size);
      const Result result = pipeline.call({{"path", scratch.file("cut", whole.substr(0, size))}});
      if (!result.error) {
        CHECK(pixels(result) == all);
        continue;
      }
      CHECK(result.error->code == "invalid_media");
      ++errors;
    }
    CHECK(errors > 20);
  }
}

TEST_CASE("image_decode: on_corrupt warn gives what can be decoded and says so") {
  const Scratch scratch;
  std::vector<std::string> warnings;
  Pipeline pipeline = open("on_corrupt: warn", &warnings);
  const std::string whole = bytes_of(data("420.jpg"));
  const std::string path = scratch.file("cut.jpg", whole.substr(0, whole.size() - 200));
  const Result result = pipeline.call({{"path", path}});
  REQUIRE_MESSAGE(!result.error, (result.error ? result.error->message : ""));
  CHECK(result.get("image").frame().width() == 37);
  CHECK(warnings ==
        std::vector<std::string>{"pipeline:5: node 'decode': image '" + path + "' was cut, its end is missing"});
}

TEST_CASE("image_decode: on_corrupt warn is offered where it helps and nowhere else") {
  const Scratch scratch;
  Pipeline strict = open();
  Pipeline lenient = open("on_corrupt: warn");
  const std::string whole = bytes_of(data("rgb.png"));
  const std::string cut = scratch.file("cut.png", whole.substr(0, whole.size() - 300));
  CHECK(failure(strict, cut) ==
        "invalid_media: image '" + cut + "' was cut, its end is missing; on_corrupt: warn takes what can be decoded");
  CHECK(failure(lenient, cut) == "");
  const std::string none = scratch.file("none.png", whole.substr(0, 20));
  CHECK(failure(strict, none).starts_with("invalid_media: image '" + none + "' was cut: "));
  CHECK(failure(strict, none) == failure(lenient, none));
}

TEST_CASE("image_decode: flipped bytes give a picture of bounded size or an error") {
  const Scratch scratch;
  Pipeline pipeline = open("on_corrupt: warn, max_pixels: 4000000");
  for (const std::string name :
       {"420.jpg", "turned_6.jpg", "rgb.png", "turned_6.png", "lossless.webp", "turned_6.webp", "palette.bmp"}) {
    const std::string whole = bytes_of(data(name));
    for (std::size_t at = 2; at < whole.size(); at += 1 + whole.size() / 150) {
      CAPTURE(name);
      CAPTURE(at);
      std::string bytes = whole;
      bytes[at] = static_cast<char>(~bytes[at]);
      const Result result = pipeline.call({{"path", scratch.file("flipped", bytes)}});
      if (result.error) {
        CHECK((result.error->code == "invalid_media" || result.error->code == "limit_exceeded"));
      } else {
        CHECK(result.get("image").frame().pixels().elements() <= 3 * 4'000'000);
      }
    }
  }
}
