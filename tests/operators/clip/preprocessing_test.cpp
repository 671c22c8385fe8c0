// Pictures against those that Pillow makes (data/pictures.py).
#include "clip/picture/preprocessing.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <doctest/doctest.h>
#include <zlib.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "made_up.h"

using pipit::clip::CentreRounding;
using pipit::clip::resize_and_crop;

namespace {

constexpr std::int64_t kResolution = 224;

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

unsigned long check_sum(const at::Tensor& picture) {
  REQUIRE(picture.sizes() == at::IntArrayRef({kResolution, kResolution, 3}));
  return crc32(0, picture.const_data_ptr<std::uint8_t>(), static_cast<unsigned>(picture.numel()));
}

}  // namespace

TEST_CASE("preprocessing: resized and cropped pictures are Pillow's to the bit") {
  std::ifstream in(std::string(PIPIT_TEST_DATA) + "/pictures.txt");
  int sizes = 0;
  std::int64_t width = 0, height = 0;
  for (unsigned long half_to_even = 0, down = 0; in >> width >> height >> half_to_even >> down; ++sizes) {
    CAPTURE(width);
    CAPTURE(height);
    std::vector<std::uint8_t> pixels = frame(width, height);
    const at::Tensor whole = at::from_blob(pixels.data(), {height, width, 3}, at::kByte);
    CHECK(check_sum(resize_and_crop(whole, kResolution, CentreRounding::kHalfToEven)) == half_to_even);
    CHECK(check_sum(resize_and_crop(whole, kResolution, CentreRounding::kDown)) == down);
  }
  CHECK(sizes == 50);
}

TEST_CASE("preprocessing: rows with padding between them make no difference") {
  constexpr std::int64_t kWidth = 161, kHeight = 90, kStride = kWidth * 3 + 29;
  std::vector<std::uint8_t> dense = frame(kWidth, kHeight);
  std::vector<std::uint8_t> padded(kStride * kHeight, 77);
  for (std::int64_t y = 0; y < kHeight; ++y) {
    std::copy_n(dense.begin() + y * kWidth * 3, kWidth * 3, padded.begin() + y * kStride);
  }
  const at::Tensor a = resize_and_crop(at::from_blob(dense.data(), {kHeight, kWidth, 3}, at::kByte), kResolution);
  const at::Tensor b =
      resize_and_crop(at::from_blob(padded.data(), {kHeight, kWidth, 3}, {kStride, 3, 1}, at::kByte), kResolution);
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
