// The modules video_text_embedding.clip4clip and towhee.np_normalize, as a host runs them, with the demo's model.
#include <doctest/doctest.h>

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pipit/pipeline.h"

namespace {

using pipit::Pipeline;
using pipit::Result;
using pipit::Value;

const std::string kDemo = std::string(PIPIT_SOURCE_DIR) + "/pipelines/demo";
const std::string kClip = kDemo + "/clips/2-big-orange-ring-circular.mp4";
const std::string kWeights = kDemo + "/clip4clip-shapes.safetensors";

Pipeline open(const std::string& inputs, const std::string& nodes, const std::string& outputs,
              std::vector<std::string>* warnings) {
  pipit::Options options;
  options.operator_path = {PIPIT_BUILD_DIR "/lib/pipit/operators", PIPIT_TEST_OPERATORS};
  if (warnings != nullptr)
    options.on_warning = [warnings](const std::string& message) { warnings->push_back(message); };
  return Pipeline::parse(
      "pipit: 1\nname: t\ninputs: {" + inputs + "}\nnodes:\n" + nodes + "outputs: [" + outputs + "]\n", ".", options);
}

std::string node(const std::string& in, const std::string& op, const std::string& args, const std::string& out) {
  return "  - {name: " + out + ", op: " + op + ", in: " + in + ", out: " + out + ", args: {" + args + "}}\n";
}

std::string clip4clip(const std::string& modality, const std::string& args = "") {
  return node(modality == "video" ? "frame" : "text", "video_text_embedding.clip4clip",
              "model_name: auto, weight_path: " + kWeights + ", modality: " + modality + args, modality + "_vec");
}

Pipeline open_text(const std::string& args = "", std::vector<std::string>* warnings = nullptr) {
  return open("text: string", clip4clip("text", args), "text_vec", warnings);
}

/// `sample` is what the decoder takes of a clip.
Pipeline open_video(const std::string& sample, const std::string& args = "",
                    std::vector<std::string>* warnings = nullptr) {
  return open("path: string", node("path", "video_decode.ffmpeg", sample, "frame") + clip4clip("video", args),
              "video_vec", warnings);
}

/// `most` windows of different items in one call.
Pipeline open_batched(const std::string& sample, const std::string& weights, const std::string& args, int most) {
  const std::string embed =
      "  - {name: embed, op: video_text_embedding.clip4clip, in: frame, out: video_vec, batch: {max: " +
      std::to_string(most) + ", wait_ms: 5000}, args: {model_name: auto, weight_path: " + weights +
      ", modality: video" + args + "}}\n";
  return open("path: string", node("path", "video_decode.ffmpeg", sample, "frame") + embed, "video_vec", nullptr);
}

const std::string kTwelve = "sample_type: uniform_temporal_subsample, num_samples: 12";

std::vector<float> floats(const Value& value) {
  const pipit::Tensor tensor = value.tensor();
  return {tensor.data<float>(), tensor.data<float>() + tensor.elements()};
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max<double>(largest, std::abs(a[i] - b[i]));
  return largest;
}

const nlohmann::json& reference() {
  static const nlohmann::json reference = nlohmann::json::parse(std::ifstream(kDemo + "/reference.json"));
  return reference;
}

std::string demo_clip() {
  return kDemo + "/" + reference()["clips"][0]["path"].get<std::string>();
}

std::string error_of(const Result& result) {
  return result.error ? result.error->code + ": " + result.error->message : "";
}

template <class Open>
/// Without the line of the pipeline that is shown below it.
std::string refusal(Open open) {
  try {
    open();
  } catch (const pipit::Error& error) {
    const std::string text = error.what();
    return text.substr(0, text.find('\n'));
  }
  return "";
}

}  // namespace

TEST_CASE("clip4clip: clips and sentences of the demo get the vectors of its training code") {
  Pipeline pipeline =
      open("path: string, text: string",
           node("path", "video_decode.ffmpeg", kTwelve, "frame") + clip4clip("video") + clip4clip("text"),
           "video_vec, text_vec", nullptr);
  CHECK(pipeline.outputs()[0].type == "tensor<f32>[128]");
  for (const auto& clip : reference()["clips"]) {
    CAPTURE(clip["id"]);
    const Result result = pipeline.call(
        {{"path", kDemo + "/" + clip["path"].get<std::string>()}, {"text", clip["text"].get<std::string>()}});
    REQUIRE_MESSAGE(!result.error, error_of(result));
    CHECK(largest_difference(floats(result.get("video_vec")), clip["video_vec"]) <= 2e-5);
    CHECK(largest_difference(floats(result.get("text_vec")), clip["text_vec"]) <= 2e-5);
  }
}

TEST_CASE("clip4clip: what it loaded is reported") {
  const Pipeline pipeline = open_text();
  const std::vector<pipit::NodeStats> stats = pipeline.stats();
  nlohmann::json facts;
  for (const auto& [name, value] : stats[0].facts) {
    if (value.kind() == pipit::Kind::kString) facts[name] = value.string();
    if (value.kind() == pipit::Kind::kInt) facts[name] = value.integer();
  }
  CHECK(facts["layout"] == "CLIP4Clip");
  CHECK(facts["device"] == "cpu");
  CHECK(facts["dtype"] == "float32");
  // float32, but for the table of token embeddings, which stays float16 as in the file.
  CHECK(facts["bytes"] == 4 * facts["parameters"].get<std::int64_t>() - 2 * 49408 * 128);
}

TEST_CASE("clip4clip: a sentence has the same bytes whatever sentences share its call") {
  constexpr int kSentences = 150;
  const auto sentence = [](int i) {
    return "clip number " + std::to_string(i) + " of a dog" + std::string(i % 9, '!');
  };
  std::vector<std::vector<float>> alone;
  Pipeline single = open_text();
  for (int i = 0; i < kSentences; ++i) alone.push_back(floats(single.call({{"text", sentence(i)}}).get("text_vec")));
  for (const int most : {2, 7, 16, 64}) {
    CAPTURE(most);
    const std::string embed =
        "  - {name: embed, op: video_text_embedding.clip4clip, in: text, out: text_vec, batch: {max: " +
        std::to_string(most) + ", wait_ms: 20}, args: {model_name: auto, weight_path: " + kWeights +
        ", modality: text}}\n";
    Pipeline together = open("text: string", embed, "text_vec", nullptr);
    for (int i = 0; i < kSentences; ++i) REQUIRE(together.push({{"text", sentence(i)}}));
    together.close();
    for (const std::vector<float>& vector : alone) CHECK(floats(together.next()->get("text_vec")) == vector);
  }
}

TEST_CASE("clip4clip: what is assumed of a file is told once however many nodes use it") {
  const auto folder = std::filesystem::temp_directory_path() / ("pipit_clip4clip_told_" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  const std::string file = (folder / "alone.safetensors").string();
  std::filesystem::copy_file(kWeights, file);
  const auto embed = [&](const std::string& out) {
    return node("text", "video_text_embedding.clip4clip", "model_name: auto, weight_path: " + file + ", modality: text",
                out);
  };
  {
    std::vector<std::string> warnings;
    const Pipeline pipeline = open("text: string", embed("a") + embed("b"), "a, b", &warnings);
    REQUIRE(warnings.size() == 1);
    CHECK(warnings[0].ends_with("weight_path '" + file +
                                "': activation quick_gelu is assumed, as in OpenAI's models; the file does not tell; 2 "
                                "heads of the text tower are assumed, width/64"));
  }
  std::filesystem::remove_all(folder);
}

TEST_CASE("clip4clip: bfloat16 is warned of where the processor has no instructions for it") {
  std::vector<std::string> warnings;
  open_text(", dtype: bfloat16", &warnings);
  const auto slow = std::ranges::count_if(warnings, [](const std::string& warning) {
    return warning.ends_with(
        "dtype bfloat16: this processor has no instructions for it, and computes in it some three times slower than in "
        "float32; take float32, or auto, which takes the faster of the two");
  });
  std::ifstream processor("/proc/cpuinfo");
  const std::string flags{std::istreambuf_iterator<char>(processor), {}};
  CHECK(slow == (flags.find("avx512_bf16") == std::string::npos ? 1 : 0));
}

TEST_CASE("clip4clip: a file that was replaced is another model and its pin is checked against it") {
  const auto folder = std::filesystem::temp_directory_path() / ("pipit_clip4clip_pin_" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  const std::string file = (folder / "model.safetensors").string();
  std::filesystem::copy_file(kWeights, file);
  const auto open_file = [&](const std::string& args) {
    return open("text: string",
                node("text", "video_text_embedding.clip4clip",
                     "model_name: auto, weight_path: " + file + ", modality: text" + args, "text_vec"),
                "text_vec", nullptr);
  };
  const auto vector_of = [](Pipeline& pipeline) { return floats(pipeline.call({{"text", "a ring"}}).get("text_vec")); };
  Pipeline first = open_file("");
  const std::vector<float> before = vector_of(first);
  // Another model under the same path, while the first is in use: its first tensor, the bias of the last norm of the
  // text tower, has the other sign.
  {
    std::ifstream in(kWeights, std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    std::uint64_t header = 0;
    std::memcpy(&header, bytes.data(), sizeof header);
    for (std::size_t i = 0; i < 128; ++i) bytes[sizeof header + header + 2 * i + 1] ^= static_cast<char>(0x80);
    std::ofstream(folder / "new", std::ios::binary) << bytes;
    std::filesystem::rename(folder / "new", file);
  }
  Pipeline second = open_file("");
  CHECK(vector_of(first) == before);
  CHECK(largest_difference(vector_of(second), before) > 0.001);
  CHECK(refusal([&] { open_file(", sha256: " + std::string(64, 'a')); }).find("has the SHA-256 sum") !=
        std::string::npos);
  std::filesystem::remove_all(folder);
}

TEST_CASE("clip4clip: a sentence that is cut is counted") {
  Pipeline pipeline = open_text(", max_words: 5");
  REQUIRE(!pipeline.call({{"text", "a red circle"}}).error);
  REQUIRE(!pipeline.call({{"text", "a red circle over a green square"}}).error);
  CHECK(pipeline.stats()[0].counters == std::vector<std::pair<std::string, std::int64_t>>{{"sentences_cut", 1}});
}

TEST_CASE("clip4clip: a clip that is cut is told and counted") {
  std::vector<std::string> warnings;
  Pipeline pipeline = open_video("", ", max_frames: 5, slice_framepos: 1", &warnings);
  REQUIRE(!pipeline.call({{"path", demo_clip()}}).error);
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].ends_with("clips of more than max_frames (5) frames are cut to that many (slice_framepos 1)"));
  CHECK(pipeline.stats()[1].counters ==
        std::vector<std::pair<std::string, std::int64_t>>{{"clips_cut", 1}, {"frames_cut", 55}});
}

TEST_CASE("clip4clip: poolings and slices differ") {
  std::vector<std::vector<float>> vectors;
  for (const std::string args : {"", ", pooling: raw", ", max_frames: 2", ", max_frames: 2, slice_framepos: 0"}) {
    Pipeline pipeline = open_video(kTwelve, args);
    vectors.push_back(floats(pipeline.call({{"path", demo_clip()}}).get("video_vec")));
  }
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) CHECK(largest_difference(vectors[i], vectors[j]) > 1e-4);
  }
}

TEST_CASE("clip4clip: no frames are an error") {
  Pipeline pipeline =
      open("path: string", node("path", "test/video.empty", "", "frame") + clip4clip("video"), "video_vec", nullptr);
  CHECK(error_of(pipeline.call({{"path", demo_clip()}})) == "invalid_media: no frames to embed");
}

TEST_CASE("clip4clip: a bad sentence costs its neighbours nothing") {
  Pipeline pipeline = open_text();
  const std::vector<std::string> texts = {"a red circle", "\xff\xfe", "two blue squares"};
  std::vector<std::future<Result>> results;
  for (const std::string& text : texts) results.push_back(pipeline.submit({{"text", text}}));
  CHECK(error_of(results[0].get()).empty());
  CHECK(error_of(results[1].get()) == "invalid_input: text is not UTF-8: byte 0xff at offset 0");
  CHECK(error_of(results[2].get()).empty());
}

TEST_CASE("clip4clip: arguments that do not fit are refused when the pipeline opens") {
  CHECK(refusal([] { open_text(", max_words: 78"); }).ends_with("max_words is 78, this model's context holds 77"));
  CHECK(refusal([] {
          open_text(", max_words: 1");
        }).ends_with("argument 'max_words' takes an int of at least 2, found 1"));
  CHECK(refusal([] {
          open_video(kTwelve, ", max_frames: 0");
        }).ends_with("argument 'max_frames' takes an int of at least 1, found 0"));
  CHECK(refusal([] {
          open_video(kTwelve, ", slice_framepos: 3");
        }).ends_with("argument 'slice_framepos' takes an int from 0 to 2, found 3"));
  CHECK(refusal([] {
          open_text(", dtype: float16");
        }).ends_with("dtype float16 is for CUDA devices, device is 'cpu'; take bfloat16 or float32"));
  const std::string without = node("text", "video_text_embedding.clip4clip", "model_name: auto, modality: text", "vec");
  CHECK(refusal([&] { open("text: string", without, "vec", nullptr); })
            .ends_with("operator 'video_text_embedding.clip4clip' needs argument 'weight_path' (path): the checkpoint, "
                       "CLIP4Clip's, "
                       "OpenAI's or Hugging Face's; safetensors or PyTorch's zip format; pipit downloads none"));
}

TEST_CASE("clip4clip: features are refused where they are not of one frame or not of the model") {
  const std::string frame = node("path", "video_decode.ffmpeg", kTwelve, "frame");
  const auto embed = [](const std::string& in, const std::string& modality, const std::string& weights,
                        const std::string& out) {
    return node(in, "video_text_embedding.clip4clip",
                "model_name: auto, weight_path: " + weights + ", modality: " + modality, out);
  };
  const std::string patches = std::string(PIPIT_SOURCE_DIR) + "/tests/weights/data/clip4clip_3d.bin, heads: 2";
  CHECK(refusal([&] { open("path: string", frame + embed("frame", "frame", patches, "feature"), "feature", nullptr); })
            .ends_with(
                "this model's patches are 3d, so that a frame's neighbours are in its feature; use modality: video"));
  Pipeline pipeline = open("text: string",
                           node("text", "test/text.words", "", "word") + node("word", "test/text.codes", "", "codes") +
                               embed("codes", "features", kWeights, "vec"),
                           "vec", nullptr);
  CHECK(error_of(pipeline.call({{"text", "abc"}})) ==
        "invalid_input: a feature has 3 numbers, those of this model have 128");
  CHECK(error_of(pipeline.call({{"text", " "}})) == "invalid_media: no frames to embed");
}

TEST_CASE("np_normalize: a vector gets length one") {
  Pipeline pipeline = open("x: 'tensor<f32>[...]'", node("x", "towhee.np_normalize", "", "y"), "y", nullptr);
  pipit::Tensor x = pipit::Tensor::empty(pipit::DType::kFloat32, {2});
  x.mutable_data<float>()[0] = 3;
  x.mutable_data<float>()[1] = -4;
  CHECK(floats(pipeline.call({{"x", x}}).get("y")) == std::vector<float>{0.6f, -0.8f});
}

TEST_CASE("np_normalize: an axis is normalized row by row or column by column") {
  const std::vector<float> values = {3, 0, 4, 2};
  pipit::Tensor x = pipit::Tensor::empty(pipit::DType::kFloat32, {2, 2});
  std::copy(values.begin(), values.end(), x.mutable_data<float>());
  const auto normalized = [&](const std::string& args) {
    Pipeline pipeline = open("x: 'tensor<f32>[...]'", node("x", "towhee.np_normalize", args, "y"), "y", nullptr);
    return floats(pipeline.call({{"x", x}}).get("y"));
  };
  CHECK(normalized("axis: 0") == std::vector<float>{0.6f, 0, 0.8f, 1});
  CHECK(largest_difference(normalized("axis: -1"), {1, 0, 4 / std::sqrt(20.0f), 2 / std::sqrt(20.0f)}) < 1e-6);
  CHECK(largest_difference(normalized(""), {3 / std::sqrt(29.0f), 0, 4 / std::sqrt(29.0f), 2 / std::sqrt(29.0f)}) <
        1e-6);
}

TEST_CASE("np_normalize: a vector of zeros is an error") {
  Pipeline pipeline = open("x: 'tensor<f32>[...]'", node("x", "towhee.np_normalize", "", "y"), "y", nullptr);
  pipit::Tensor x = pipit::Tensor::empty(pipit::DType::kFloat32, {2});
  std::fill_n(x.mutable_data<float>(), 2, 0.0f);
  CHECK(error_of(pipeline.call({{"x", x}})) ==
        "invalid_input: a vector of zeros has no direction; it cannot be normalized");
}

TEST_CASE("np_normalize: numbers that are none are an error and never come out") {
  Pipeline pipeline = open("x: 'tensor<f32>[...]'", node("x", "towhee.np_normalize", "", "y"), "y", nullptr);
  for (float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    pipit::Tensor x = pipit::Tensor::empty(pipit::DType::kFloat32, {2});
    x.mutable_data<float>()[0] = 1;
    x.mutable_data<float>()[1] = bad;
    CHECK(error_of(pipeline.call({{"x", x}})) ==
          "invalid_input: a vector with NaN, infinity or too large numbers cannot be normalized");
  }
}

TEST_CASE("np_normalize: a strided tensor is refused rather than misread") {
  Pipeline pipeline = open("x: 'tensor<f32>[...]'", node("x", "towhee.np_normalize", "", "y"), "y", nullptr);
  std::vector<float> memory = {3, 9, 4, 9};
  std::int64_t stride = 2;
  pipit_managed_tensor* strided = pipit::detail::OwnedTensor::make(memory.data(), pipit::DType::kFloat32, {2}, nullptr);
  strided->tensor.strides = &stride;
  CHECK(error_of(pipeline.call({{"x", pipit::Tensor::adopt(strided)}})) ==
        "invalid_input: the tensor is strided, expected a contiguous one");
}

TEST_CASE("np_normalize: an axis that is not there is an error") {
  Pipeline pipeline = open("x: 'tensor<f32>[...]'", node("x", "towhee.np_normalize", "axis: 1", "y"), "y", nullptr);
  CHECK(error_of(pipeline.call({{"x", pipit::Tensor::empty(pipit::DType::kFloat32, {2})}})) ==
        "invalid_argument: axis is 1, the tensor has 1 dimensions");
}

TEST_CASE("clip4clip: windows of different lengths in one call have the vectors that each has alone") {
  const std::string clips = std::string(PIPIT_SOURCE_DIR) + "/tests/operators/video_decode/data/";
  const std::vector<std::string> paths = {clips + "three_frames.mp4", kClip, clips + "one_frame.mp4", kClip};
  const std::string sample = "sample_type: time_step_sample, time_step: 0.05";
  for (const std::string dtype : {"float32", "int8"}) {
    CAPTURE(dtype);
    Pipeline alone = open_video(sample, ", dtype: " + dtype);
    Pipeline together = open_batched(sample, kWeights, ", dtype: " + dtype, 4);
    std::vector<std::vector<float>> expected;
    for (const std::string& path : paths) {
      expected.push_back(floats(alone.call({{"path", path}}).get("video_vec")));
      REQUIRE(together.push({{"path", path}}));
    }
    together.close();
    for (const std::vector<float>& vector : expected) {
      CHECK(floats(together.next()->get("video_vec")) == vector);
    }
  }
}

TEST_CASE("clip4clip: a window that the model refuses costs its neighbours in the call nothing") {
  const std::string clips = std::string(PIPIT_SOURCE_DIR) + "/tests/operators/video_decode/data/";
  const auto folder = std::filesystem::temp_directory_path() / ("pipit_clip4clip_test_" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  const std::string data = std::string(PIPIT_SOURCE_DIR) + "/tests/weights/data/";
  std::filesystem::copy_file(data + "mmaction2_adapter.pth", folder / "adapter.pth");
  std::filesystem::copy_file(data + "openclip/open_clip_config.json", folder / "open_clip_config.json");
  Pipeline pipeline = open_batched("sample_type: none", folder / "adapter.pth", ", max_frames: 1000", 3);
  std::filesystem::remove_all(folder);
  for (const std::string& path : {clips + "three_frames.mp4", kClip, clips + "one_frame.mp4"}) {
    REQUIRE(pipeline.push({{"path", path}}));
  }
  pipeline.close();
  CHECK(!pipeline.next()->error);
  CHECK(error_of(*pipeline.next()) ==
        "item_too_large: the clip has 52 frames, this model's TransformerAdapter head takes 12");
  CHECK(!pipeline.next()->error);
}
