// Pictures against those that Pillow makes (data/pictures.py).
#include "clip/preprocessing.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "made_up.h"

namespace {

constexpr std::int64_t kResolution = 56;
constexpr std::pair<std::int64_t, std::int64_t> kSizes[] = {
    {56, 56},  {57, 56},  {56, 57},   {100, 56},  {64, 48},  {48, 64},  {128, 72},  {72, 128},
    {161, 90}, {90, 161}, {33, 20},   {20, 33},   {7, 5},    {1, 3},    {113, 112}, {112, 115},
    {131, 56}, {56, 133}, {640, 272}, {176, 144}, {301, 57}, {224, 224}};

std::vector<std::uint8_t> frame(std::int64_t width, std::int64_t height) {
  const auto noise =
      made_up::noise("frame " + std::to_string(width) + " " + std::to_string(height), width * height * 3);
  std::vector<std::uint8_t> pixels;
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      pixels.push_back(static_cast<std::uint8_t>((x * 5 + y * 3) % 256));
      pixels.push_back(static_cast<std::uint8_t>(noise[(y * width + x) * 3 + 1] >> 24));
      pixels.push_back((x / 8 + y / 8) % 2 != 0 ? 255 : 0);
    }
  }
  return pixels;
}

}  // namespace

TEST_CASE("preprocessing: resized and cropped pictures are Pillow's to the bit") {
  std::ifstream in(std::string(PIPIT_TEST_DATA) + "/pictures.bin", std::ios::binary);
  std::vector<std::uint8_t> reference(kResolution * kResolution * 3);
  for (const auto& [width, height] : kSizes) {
    CAPTURE(width);
    CAPTURE(height);
    REQUIRE(in.read(reinterpret_cast<char*>(reference.data()), static_cast<std::streamsize>(reference.size())));
    std::vector<std::uint8_t> pixels = frame(width, height);
    const at::Tensor picture =
        pipit::clip::resize_and_crop(at::from_blob(pixels.data(), {height, width, 3}, at::kByte), kResolution);
    REQUIRE(picture.sizes() == at::IntArrayRef({kResolution, kResolution, 3}));
    const std::uint8_t* ours = picture.const_data_ptr<std::uint8_t>();
    CHECK(std::equal(reference.begin(), reference.end(), ours));
  }
}

TEST_CASE("preprocessing: rows with padding between them make no difference") {
  constexpr std::int64_t kWidth = 161, kHeight = 90, kStride = kWidth * 3 + 29;
  std::vector<std::uint8_t> dense = frame(kWidth, kHeight);
  std::vector<std::uint8_t> padded(kStride * kHeight, 77);
  for (std::int64_t y = 0; y < kHeight; ++y) {
    std::copy_n(dense.begin() + y * kWidth * 3, kWidth * 3, padded.begin() + y * kStride);
  }
  const at::Tensor a =
      pipit::clip::resize_and_crop(at::from_blob(dense.data(), {kHeight, kWidth, 3}, at::kByte), kResolution);
  const at::Tensor b = pipit::clip::resize_and_crop(
      at::from_blob(padded.data(), {kHeight, kWidth, 3}, {kStride, 3, 1}, at::kByte), kResolution);
  CHECK(a.equal(b));
}

TEST_CASE("preprocessing: normalized pixels are planes around CLIP's mean") {
  std::vector<std::uint8_t> pixels = {0, 127, 255, 255, 0, 1};
  const at::Tensor x = pipit::clip::normalize(at::from_blob(pixels.data(), {1, 1, 2, 3}, at::kByte));
  REQUIRE(x.sizes() == at::IntArrayRef({1, 3, 1, 2}));
  const float* values = x.const_data_ptr<float>();
  CHECK(values[0] == doctest::Approx((0 - 0.48145466) / 0.26862954));
  CHECK(values[1] == doctest::Approx((1 - 0.48145466) / 0.26862954));
  CHECK(values[2] == doctest::Approx((127 / 255.0 - 0.4578275) / 0.26130258));
  CHECK(values[5] == doctest::Approx((1 / 255.0 - 0.40821073) / 0.27577711));
}
