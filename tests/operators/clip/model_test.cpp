// Vectors against those that Towhee, transformers and plain torch.nn compute from the same weights (data/models.py).
#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "clip/text_model.h"
#include "clip/video_model.h"
#include "made_up.h"
#include "pipit/error.h"

namespace clip = pipit::clip;
namespace weights = pipit::weights;

namespace {

using Vector = std::vector<float>;

nlohmann::json read_fixture(const std::string& name) {
  std::ifstream in(std::string(PIPIT_TEST_DATA) + "/" + name + ".json");
  return nlohmann::json::parse(in);
}

/// A checkpoint of a fixture's made-up weights, in a file that is gone when the test is over.
class Fixture {
 public:
  explicit Fixture(const std::string& name)
      : facts(read_fixture(name)),
        file_(std::filesystem::temp_directory_path() / ("pipit_clip_test_" + name + ".safetensors")) {
    made_up::write_checkpoint(file_, facts["tensors"], facts["dtype"]);
  }
  ~Fixture() { std::filesystem::remove(file_); }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;

  weights::ClipCheckpoint resolve(bool vision, bool text) const {
    weights::ClipRequest request;
    request.vision = vision;
    request.text = text;
    if (facts.contains("activation")) request.activation = weights::Activation::kGelu;
    return weights::resolve_clip(weights::Checkpoint::open(file_), request);
  }
  clip::VideoModel video_model(const std::string& dtype = "float32") const {
    return {resolve(true, false), clip::Placement::parse("cpu", dtype)};
  }
  clip::TextModel text_model(const std::string& dtype = "float32") const {
    return {resolve(false, true), clip::Placement::parse("cpu", dtype)};
  }
  /// The pictures of clips, one after another.
  at::Tensor pictures(const std::vector<std::int64_t>& lengths) {
    const std::int64_t resolution = facts["resolution"];
    pixels_.clear();
    for (const std::int64_t frames : lengths) {
      const auto clip = made_up::pictures("clip " + std::to_string(frames), frames, resolution);
      pixels_.insert(pixels_.end(), clip.begin(), clip.end());
    }
    const auto all = static_cast<std::int64_t>(pixels_.size()) / (resolution * resolution * 3);
    return at::from_blob(pixels_.data(), {all, resolution, resolution, 3}, at::kByte);
  }

  nlohmann::json facts;

 private:
  std::filesystem::path file_;
  std::vector<std::uint8_t> pixels_;
};

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

void check_equal(const Vector& ours, const Vector& reference) {
  CHECK(largest_difference(ours, reference) <= 2e-5);
  CHECK(cosine(ours, reference) >= 0.99999);
}

void check_clips(Fixture& fixture) {
  const clip::VideoModel model = fixture.video_model();
  for (const auto& expected : fixture.facts["clips"]) {
    const std::int64_t frames = expected["frames"];
    CAPTURE(frames);
    const at::Tensor pictures = fixture.pictures({frames});
    check_equal(row(model.embed(pictures, {frames}, clip::Pooling::kNormalized), 0), expected["vector"]);
    if (expected.contains("raw_vector")) {
      check_equal(row(model.embed(pictures, {frames}, clip::Pooling::kRaw), 0), expected["raw_vector"]);
    }
  }
}

std::vector<clip::Sentence> sentences_of(const Fixture& fixture) {
  std::vector<clip::Sentence> sentences;
  for (const auto& expected : fixture.facts["sentences"]) sentences.push_back({expected["ids"], false});
  return sentences;
}

void check_sentences(const Fixture& fixture) {
  const clip::TextModel model = fixture.text_model();
  const std::vector<clip::Sentence> sentences = sentences_of(fixture);
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    CAPTURE(i);
    check_equal(row(model.embed({&sentences[i], 1}), 0), fixture.facts["sentences"][i]["vector"]);
  }
}

}  // namespace

TEST_CASE("model: meanP clips and sentences are Towhee's") {
  Fixture fixture("mean_p");
  check_clips(fixture);
  check_sentences(fixture);
}

TEST_CASE("model: half-precision weights in float32 are Towhee's") {
  Fixture fixture("mean_p_fp16");
  check_clips(fixture);
  check_sentences(fixture);
}

TEST_CASE("model: a Hugging Face file with the exact GELU is as transformers computes it") {
  Fixture fixture("hugging_face_gelu");
  check_clips(fixture);
  check_sentences(fixture);
}

TEST_CASE("model: seqLSTM is as torch.nn computes it") {
  Fixture fixture("seq_lstm");
  check_clips(fixture);
}

TEST_CASE("model: seqTransf is as torch.nn computes it with masked padding") {
  Fixture fixture("seq_transf");
  check_clips(fixture);
}

TEST_CASE("model: 3d patches are as torch.nn convolves them") {
  Fixture fixture("patches_3d");
  check_clips(fixture);
}

TEST_CASE("model: seqTransf refuses more frames than it has positions") {
  Fixture fixture("seq_transf");
  const clip::VideoModel model = fixture.video_model();
  CHECK_THROWS_WITH_AS(model.embed(fixture.pictures({78}), {78}, clip::Pooling::kNormalized),
                       "the clip has 78 frames, this model's seqTransf head takes 77", pipit::Error);
}

TEST_CASE("model: a clip's vector does not depend on its neighbours") {
  for (const char* name : {"mean_p", "seq_lstm", "seq_transf", "patches_3d"}) {
    CAPTURE(name);
    Fixture fixture(name);
    const clip::VideoModel model = fixture.video_model();
    const std::vector<std::int64_t> lengths = {3, 1, 12, 12, 3};
    const at::Tensor together = model.embed(fixture.pictures(lengths), lengths, clip::Pooling::kNormalized);
    for (std::size_t i = 0; i < lengths.size(); ++i) {
      const at::Tensor alone = model.embed(fixture.pictures({lengths[i]}), {lengths[i]}, clip::Pooling::kNormalized);
      CHECK(largest_difference(row(together, static_cast<std::int64_t>(i)), row(alone, 0)) <= 1e-6);
    }
  }
}

TEST_CASE("model: a sentence's vector does not depend on its neighbours") {
  const Fixture fixture("mean_p");
  const clip::TextModel model = fixture.text_model();
  const std::vector<clip::Sentence> sentences = sentences_of(fixture);
  const at::Tensor together = model.embed(sentences);
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    const at::Tensor alone = model.embed({&sentences[i], 1});
    CHECK(largest_difference(row(together, static_cast<std::int64_t>(i)), row(alone, 0)) <= 1e-6);
  }
}

TEST_CASE("model: bfloat16 stays near float32") {
  Fixture fixture("mean_p");
  const clip::VideoModel video = fixture.video_model("bfloat16");
  for (const auto& expected : fixture.facts["clips"]) {
    const std::int64_t frames = expected["frames"];
    const at::Tensor vectors = video.embed(fixture.pictures({frames}), {frames}, clip::Pooling::kNormalized);
    CHECK(cosine(row(vectors, 0), expected["vector"]) >= 0.999);
  }
  const at::Tensor vectors = fixture.text_model("bfloat16").embed(sentences_of(fixture));
  for (std::int64_t i = 0; i < vectors.size(0); ++i) {
    CHECK(cosine(row(vectors, i), fixture.facts["sentences"][i]["vector"]) >= 0.999);
  }
}

TEST_CASE("model: float32 weights are used where they lie in the file") {
  const Fixture fixture("mean_p");
  const clip::TextModel text = fixture.text_model();
  CHECK(text.footprint().mapped_bytes == text.footprint().bytes);
  const clip::TextModel converted = fixture.text_model("bfloat16");
  CHECK(converted.footprint().mapped_bytes == 0);
  CHECK(converted.footprint().bytes == text.footprint().bytes / 2);
  CHECK(converted.footprint().parameters == text.footprint().parameters);
}

TEST_CASE("model: each side takes its own tensors only") {
  const Fixture fixture("mean_p");
  std::int64_t parameters = 0;
  for (const auto& [name, shape] : fixture.facts["tensors"].items()) {
    std::int64_t size = 1;
    for (const std::int64_t n : shape) size *= n;
    if (name != "clip.logit_scale") parameters += size;
  }
  CHECK(fixture.video_model().footprint().parameters + fixture.text_model().footprint().parameters == parameters);
}
