// image_encode.ffmpeg alone; image_decode.ffmpeg, which is tested against Pillow, reads what it wrote.
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "flat_frame.h"
#include "pipit/testing.h"

namespace {

using pipit::Frame;
using pipit::Tensor;
using pipit::Value;
using pipit::test::flat_frame;
using pipit::testing::OperatorRunner;

OperatorRunner runner(std::string_view name, const OperatorRunner::Arguments& arguments = {}) {
  return OperatorRunner(name, arguments, {.operator_path = {PIPIT_BUILD_DIR "/lib/pipit/operators"}});
}

/// Slow changes of colour with an edge in the middle.
Frame picture(std::int64_t width, std::int64_t height) {
  Tensor pixels = Tensor::empty(pipit::DType::kUInt8, {height, width, 3});
  auto* out = pixels.mutable_data<std::uint8_t>();
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      *out++ = static_cast<std::uint8_t>(x * 255 / width);
      *out++ = static_cast<std::uint8_t>(y * 255 / height);
      *out++ = x < width / 2 ? 40 : 200;
    }
  }
  return Frame::make({}, pixels);
}

std::string encoded(OperatorRunner& encoder, const Frame& frame) {
  const Value file = encoder.item({{frame}}).outputs().at(0).at(0);
  const auto bytes = file.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Frame decoded(const std::string& bytes, const std::string& ending) {
  const auto path = std::filesystem::temp_directory_path() / ("pipit_encode_" + std::to_string(::getpid()) + ending);
  std::ofstream(path, std::ios::binary) << bytes;
  const Frame frame = runner("image_decode.ffmpeg").item({{path.string()}}).outputs().at(0).at(0).frame();
  std::filesystem::remove(path);
  return frame;
}

int largest_difference(const Frame& a, const Frame& b) {
  REQUIRE(a.width() == b.width());
  REQUIRE(a.height() == b.height());
  int largest = 0;
  for (std::int64_t i = 0; i < a.pixels().elements(); ++i) {
    largest = std::max(largest, std::abs(a.pixels().data<std::uint8_t>()[i] - b.pixels().data<std::uint8_t>()[i]));
  }
  return largest;
}

double mean_difference(const Frame& a, const Frame& b) {
  double sum = 0;
  for (std::int64_t i = 0; i < a.pixels().elements(); ++i) {
    sum += std::abs(a.pixels().data<std::uint8_t>()[i] - b.pixels().data<std::uint8_t>()[i]);
  }
  return sum / static_cast<double>(a.pixels().elements());
}

}  // namespace

TEST_CASE("a PNG keeps every pixel") {
  OperatorRunner encoder = runner("image_encode.ffmpeg", {{"format", "png"}});
  for (const auto& [width, height] : {std::pair{1, 1}, {7, 5}, {320, 180}, {33, 1}}) {
    const Frame frame = picture(width, height);
    CHECK(largest_difference(decoded(encoded(encoder, frame), ".png"), frame) == 0);
  }
}

TEST_CASE("a JPEG is close to the frame and closer with more quality") {
  const Frame frame = picture(320, 180);
  OperatorRunner good = runner("image_encode.ffmpeg", {{"quality", 100}});
  OperatorRunner poor = runner("image_encode.ffmpeg", {{"quality", 5}});
  const std::string best = encoded(good, frame);
  const std::string worst = encoded(poor, frame);
  CHECK(best.starts_with("\xff\xd8\xff\xe0"));
  CHECK(best.substr(6, 4) == "JFIF");
  CHECK(best.size() > 2 * worst.size());
  const double small = mean_difference(decoded(best, ".jpg"), frame);
  CHECK(small < 2);
  CHECK(mean_difference(decoded(worst, ".jpg"), frame) > 2 * small);
}

TEST_CASE("a JPEG keeps flat colours whatever its size") {
  OperatorRunner encoder = runner("image_encode.ffmpeg", {{"quality", 95}});
  for (const auto& [width, height] : {std::pair{1, 1}, {7, 5}, {64, 64}, {15, 33}}) {
    const Frame frame = flat_frame(width, height, {250, 60, 120});
    CHECK(largest_difference(decoded(encoded(encoder, frame), ".jpg"), frame) <= 4);
  }
}

TEST_CASE("an image that JPEG has no size for is refused and the next one is taken") {
  OperatorRunner encoder = runner("image_encode.ffmpeg");
  const auto item = encoder.item({{flat_frame(65536, 1, {0, 0, 0})}, {flat_frame(8, 8, {0, 0, 0})}});
  REQUIRE(item.rows[0].error);
  CHECK(item.rows[0].error->code() == "invalid_input");
  CHECK(std::string(item.rows[0].error->what()) ==
        "an image of 65536 × 1 pixels cannot become a JPEG: its sides are at most 65535 pixels");
  CHECK_FALSE(item.rows[1].error);
}
