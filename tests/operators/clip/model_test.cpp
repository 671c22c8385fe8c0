// Vectors against those that Towhee, transformers and plain torch.nn compute from the same weights (data/models.py).
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fixture.h"
#include "pipit/error.h"

namespace clip = pipit::clip;

namespace {

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

void check_sentences(const Fixture& fixture) {
  const clip::TextModel model = fixture.text_model();
  const std::vector<clip::Sentence> sentences = fixture.sentences();
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

TEST_CASE("model: MMAction2's TransformerAdapter is as torch.nn computes it and its mean is plain") {
  Fixture fixture("transformer_adapter");
  const clip::VideoModel model = fixture.video_model();
  for (const auto& expected : fixture.facts["clips"]) {
    const std::int64_t frames = expected["frames"];
    CAPTURE(frames);
    const at::Tensor pictures = fixture.pictures({frames});
    for (const clip::Pooling pooling : {clip::Pooling::kNormalized, clip::Pooling::kRaw}) {
      check_equal(row(model.embed(pictures, {frames}, pooling), 0), expected["raw_vector"]);
    }
  }
  CHECK_THROWS_WITH_AS(model.embed(fixture.pictures({13}), {13}, clip::Pooling::kRaw),
                       "the clip has 13 frames, this model's TransformerAdapter head takes 12", pipit::Error);
}

TEST_CASE("model: 3d patches are as torch.nn convolves them") {
  Fixture fixture("patches_3d");
  check_clips(fixture);
}

TEST_CASE("model: features of frames give the clips that the frames give whatever the head") {
  for (const char* name : {"mean_p", "seq_lstm", "seq_transf", "transformer_adapter"}) {
    CAPTURE(name);
    Fixture fixture(name);
    const clip::VideoModel model = fixture.video_model();
    const std::vector<std::int64_t> lengths = {3, 1, 4};
    const at::Tensor pictures = fixture.pictures(lengths);
    const at::Tensor whole = model.embed(pictures, lengths, clip::Pooling::kNormalized);
    const at::Tensor pooled = model.pool(model.features(pictures), lengths, clip::Pooling::kNormalized);
    for (std::int64_t i = 0; i < 3; ++i) CHECK(largest_difference(row(whole, i), row(pooled, i)) <= 1e-6);
  }
}

TEST_CASE("model: seqTransf refuses more frames than it has positions") {
  Fixture fixture("seq_transf");
  const clip::VideoModel model = fixture.video_model();
  CHECK_THROWS_WITH_AS(model.embed(fixture.pictures({78}), {78}, clip::Pooling::kNormalized),
                       "the clip has 78 frames, this model's seqTransf head takes 77", pipit::Error);
}

TEST_CASE("model: float32 weights are used where they lie in the file") {
  const Fixture fixture("mean_p");
  const clip::TextModel text = fixture.text_model();
  CHECK(text.footprint().mapped_bytes == text.footprint().bytes);
  const clip::TextModel converted = fixture.text_model("bfloat16");
  // All but the table of token embeddings is converted.
  CHECK(converted.footprint().mapped_bytes == 49408 * 128 * 4);
  CHECK(converted.footprint().bytes - converted.footprint().mapped_bytes ==
        (text.footprint().bytes - converted.footprint().mapped_bytes) / 2);
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
