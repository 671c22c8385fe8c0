// What every element type promises: nearness to float32, and vectors that depend on nothing but their own input.
#include <ATen/Parallel.h>
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "clip/loading/tensor_reader.h"
#include "fixture.h"
#include "pipit/error.h"

namespace clip = pipit::clip;

namespace {

const std::vector<std::string> kTypes = {"float32", "bfloat16", "int8", "int4"};

/// float32 and int8 promise the bits. bfloat16 keeps 8, and the order of a sum is the product's own affair; int4
/// multiplies bfloat16 too.
void check_same(const std::string& dtype, const Vector& a, const Vector& b) {
  if (dtype == "float32" || dtype == "int8") {
    CHECK(a == b);
  } else {
    CHECK(cosine(a, b) >= 0.9999);
  }
}

/// Sets the process's threads for a while.
class Threads {
 public:
  explicit Threads(int count) : before_(at::get_num_threads()) { at::set_num_threads(count); }
  ~Threads() { at::set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

}  // namespace

TEST_CASE("element types: each stays as near to float32 as it promises") {
  Fixture fixture("mean_p");
  const std::vector<std::pair<std::string, double>> promises = {{"bfloat16", 0.999}, {"int8", 0.99}, {"int4", 0.9}};
  for (const auto& [dtype, promise] : promises) {
    CAPTURE(dtype);
    const clip::VideoModel video = fixture.video_model(dtype);
    for (const auto& expected : fixture.facts["clips"]) {
      const std::int64_t frames = expected["frames"];
      const at::Tensor vectors = video.embed(fixture.pictures({frames}), {frames}, clip::Pooling::kNormalized);
      CHECK(cosine(row(vectors, 0), expected["vector"]) >= promise);
    }
    const at::Tensor vectors = fixture.text_model(dtype).embed(fixture.sentences());
    for (std::int64_t i = 0; i < vectors.size(0); ++i) {
      CHECK(cosine(row(vectors, i), fixture.facts["sentences"][i]["vector"]) >= promise);
    }
  }
}

TEST_CASE("element types: the exact GELU and every head compute in 8 bits") {
  for (const char* name : {"hugging_face_gelu", "seq_lstm", "seq_transf", "transformer_adapter", "patches_3d"}) {
    CAPTURE(name);
    Fixture fixture(name);
    const clip::VideoModel model = fixture.video_model("int8");
    for (const auto& expected : fixture.facts["clips"]) {
      const std::int64_t frames = expected["frames"];
      const at::Tensor vectors = model.embed(fixture.pictures({frames}), {frames}, clip::Pooling::kNormalized);
      CHECK(cosine(row(vectors, 0), expected.value("raw_vector", expected["vector"])) >= 0.99);
    }
  }
}

TEST_CASE("element types: a clip's vector does not depend on its neighbours") {
  for (const std::string& dtype : kTypes) {
    for (const char* name : {"mean_p", "seq_lstm", "seq_transf", "transformer_adapter", "patches_3d"}) {
      CAPTURE(dtype);
      CAPTURE(name);
      Fixture fixture(name);
      const clip::VideoModel model = fixture.video_model(dtype);
      const std::vector<std::int64_t> lengths = {3, 1, 12, 12, 3};
      const at::Tensor together = model.embed(fixture.pictures(lengths), lengths, clip::Pooling::kNormalized);
      for (std::size_t i = 0; i < lengths.size(); ++i) {
        const at::Tensor alone = model.embed(fixture.pictures({lengths[i]}), {lengths[i]}, clip::Pooling::kNormalized);
        check_same(dtype, row(together, static_cast<std::int64_t>(i)), row(alone, 0));
      }
    }
  }
}

TEST_CASE("element types: a sentence's vector does not depend on its neighbours") {
  const Fixture fixture("mean_p");
  for (const std::string& dtype : kTypes) {
    CAPTURE(dtype);
    const clip::TextModel model = fixture.text_model(dtype);
    const std::vector<clip::Sentence> sentences = fixture.sentences();
    const at::Tensor together = model.embed(sentences);
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      check_same(dtype, row(together, static_cast<std::int64_t>(i)), row(model.embed({&sentences[i], 1}), 0));
    }
  }
}

TEST_CASE("element types: the exact GELU keeps a sentence's bits in any company") {
  const Fixture fixture("hugging_face_gelu");
  for (const std::string dtype : {"float32", "int8"}) {
    CAPTURE(dtype);
    const clip::TextModel model = fixture.text_model(dtype);
    const std::vector<clip::Sentence> sentences = fixture.sentences();
    const at::Tensor together = model.embed(sentences);
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      CHECK(row(together, static_cast<std::int64_t>(i)) == row(model.embed({&sentences[i], 1}), 0));
    }
  }
}

TEST_CASE("element types: vectors do not depend on the number of threads") {
  Fixture fixture("mean_p");
  for (const std::string& dtype : kTypes) {
    CAPTURE(dtype);
    const clip::VideoModel video = fixture.video_model(dtype);
    const clip::TextModel text = fixture.text_model(dtype);
    const at::Tensor pictures = fixture.pictures({12});
    const auto clip_on = [&](int threads) {
      const Threads limit(threads);
      return row(video.embed(pictures, {12}, clip::Pooling::kNormalized), 0);
    };
    const auto sentence_on = [&](int threads) {
      const Threads limit(threads);
      return row(text.embed(fixture.sentences()), 1);
    };
    check_same(dtype, clip_on(1), clip_on(2));
    check_same(dtype, sentence_on(1), sentence_on(2));
  }
}

TEST_CASE("element types: the same input gives the same bits again and from a model loaded anew") {
  Fixture fixture("mean_p");
  for (const std::string& dtype : kTypes) {
    CAPTURE(dtype);
    const clip::VideoModel video = fixture.video_model(dtype);
    const at::Tensor pictures = fixture.pictures({12});
    const Vector first = row(video.embed(pictures, {12}, clip::Pooling::kNormalized), 0);
    CHECK(row(video.embed(pictures, {12}, clip::Pooling::kNormalized), 0) == first);
    CHECK(row(fixture.video_model(dtype).embed(pictures, {12}, clip::Pooling::kNormalized), 0) == first);
  }
}

TEST_CASE("element types: a quantised file gives the bits of the file that it was made from") {
  for (const char* name : {"mean_p", "seq_transf"}) {
    Fixture floats(name);
    for (const int bits : {8, 4}) {
      CAPTURE(name);
      CAPTURE(bits);
      const Fixture quantised(name, bits);
      const std::string dtype = "int" + std::to_string(bits);
      const at::Tensor pictures = floats.pictures({12});
      const auto embed = [&](const clip::VideoModel& model) {
        return row(model.embed(pictures, {12}, clip::Pooling::kNormalized), 0);
      };
      const Vector expected = embed(floats.video_model(dtype));
      CHECK(embed(quantised.video_model(dtype)) == expected);
      CHECK(embed(quantised.video_model("auto")) == expected);
    }
  }
}

TEST_CASE("element types: quantised weights take as little memory as they promise") {
  const Fixture fixture("mean_p");
  const clip::Footprint whole = fixture.video_model().footprint();
  const clip::Footprint int8 = fixture.video_model("int8").footprint();
  const clip::Footprint int4 = fixture.video_model("int4").footprint();
  CHECK(int8.parameters == whole.parameters);
  CHECK(int4.parameters == whole.parameters);
  const std::int64_t linear = 2 * 12 * 128 * 128;  // two blocks
  const std::int64_t rest = whole.bytes - 4 * linear;
  CHECK(int8.bytes - rest < 1.2 * linear);
  CHECK(int4.bytes - rest < 0.6 * linear);
}

TEST_CASE("element types: what will be copied is known before it is") {
  const Fixture fixture("mean_p");
  for (const std::string& dtype : kTypes) {
    CAPTURE(dtype);
    const auto placement = clip::Placement::parse("cpu", dtype);
    const clip::Footprint video = fixture.video_model(dtype).footprint();
    const clip::Footprint text = fixture.text_model(dtype).footprint();
    const std::int64_t told = clip::bytes_to_copy(fixture.resolve(true, false), placement, clip::Side::kVision) +
                              clip::bytes_to_copy(fixture.resolve(false, true), placement, clip::Side::kText);
    const std::int64_t copied = video.bytes - video.mapped_bytes + text.bytes - text.mapped_bytes;
    // Scales and sums come on top of quantised weights.
    CHECK(told <= copied);
    CHECK(copied <= told + told / 5);
  }
}

TEST_CASE("element types: a quantised file is not computed in another type") {
  const Fixture fixture("mean_p", 8);
  CHECK_THROWS_WITH_AS(fixture.video_model("float32"),
                       "weight_path holds 8-bit weights, which are used as they are, dtype is float32; take dtype int8 "
                       "or auto, or the file that they were quantised from",
                       pipit::Error);
  CHECK_THROWS_WITH_AS(fixture.video_model("int4"),
                       "weight_path holds 8-bit weights, which are used as they are, dtype is int4; take dtype int8 "
                       "or auto, or the file that they were quantised from",
                       pipit::Error);
}
