#include "fixture.h"

#include <ATen/ops/from_blob.h>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>

#include "made_up.h"

namespace clip = pipit::clip;
namespace weights = pipit::weights;

namespace {

/// Where the models compute: cuda_test.py runs these tests on a GPU too.
std::string device() {
  const char* given = std::getenv("PIPIT_TEST_DEVICE");
  return given != nullptr ? given : "cpu";
}

}  // namespace

Fixture::Fixture(const std::string& name, int bits)
    : facts(nlohmann::json::parse(std::ifstream(std::string(PIPIT_TEST_DATA) + "/" + name + ".json"))),
      file_(std::filesystem::temp_directory_path() /
            fmt::format("pipit_clip_test_{}_{}_{}.safetensors", getpid(), name, bits)) {
  made_up::write_checkpoint(file_, facts["tensors"], facts["dtype"], bits);
}

Fixture::~Fixture() {
  std::filesystem::remove(file_);
}

weights::ClipCheckpoint Fixture::resolve(bool vision, bool text) const {
  weights::ClipRequest request;
  request.vision = vision;
  request.text = text;
  if (facts.contains("activation")) request.activation = weights::Activation::kGelu;
  return weights::resolve_clip(weights::Checkpoint::open(file_), request);
}

clip::VideoModel Fixture::video_model(const std::string& dtype) const {
  const weights::ClipCheckpoint checkpoint = resolve(true, false);
  return {checkpoint, clip::Placement::parse(device(), dtype, checkpoint.quantization)};
}

clip::TextModel Fixture::text_model(const std::string& dtype) const {
  const weights::ClipCheckpoint checkpoint = resolve(false, true);
  return {checkpoint, clip::Placement::parse(device(), dtype, checkpoint.quantization)};
}

at::Tensor Fixture::pictures(const std::vector<std::int64_t>& lengths) {
  const std::int64_t resolution = facts["resolution"];
  pixels_.clear();
  for (const std::int64_t frames : lengths) {
    const auto clip = made_up::pictures("clip " + std::to_string(frames), frames, resolution);
    pixels_.insert(pixels_.end(), clip.begin(), clip.end());
  }
  const auto all = static_cast<std::int64_t>(pixels_.size()) / (resolution * resolution * 3);
  return at::from_blob(pixels_.data(), {all, resolution, resolution, 3}, at::kByte);
}

std::vector<clip::Sentence> Fixture::sentences() const {
  std::vector<clip::Sentence> sentences;
  for (const auto& expected : facts["sentences"]) sentences.push_back({expected["ids"], false});
  return sentences;
}

Vector row(const at::Tensor& rows, std::int64_t i) {
  const float* data = rows.const_data_ptr<float>() + i * rows.size(1);
  return {data, data + rows.size(1)};
}

double largest_difference(const Vector& a, const Vector& b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max<double>(largest, std::abs(a[i] - b[i]));
  return largest;
}

double cosine(const Vector& a, const Vector& b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += static_cast<double>(a[i]) * b[i];
    aa += static_cast<double>(a[i]) * a[i];
    bb += static_cast<double>(b[i]) * b[i];
  }
  return ab / std::sqrt(aa * bb);
}
