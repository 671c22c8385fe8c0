// The module image_text_embedding.clip, as a host runs it, with the demo's model.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "pipit/pipeline.h"

namespace {

using pipit::Pipeline;
using pipit::Result;
using pipit::Value;

const std::string kWeights = std::string(PIPIT_SOURCE_DIR) + "/pipelines/demo/clip4clip-shapes.safetensors";
const std::string kImages = std::string(PIPIT_SOURCE_DIR) + "/tests/operators/image_decode/data";

Pipeline open(const std::string& inputs, const std::string& nodes, const std::string& outputs) {
  pipit::Options options;
  options.operator_path = {PIPIT_BUILD_DIR "/lib/pipit/operators"};
  return Pipeline::parse(
      "pipit: 1\nname: t\ninputs: {" + inputs + "}\nnodes:\n" + nodes + "outputs: [" + outputs + "]\n", ".", options);
}

std::string node(const std::string& in, const std::string& op, const std::string& args, const std::string& out) {
  return "  - {name: " + out + ", op: " + op + ", in: " + in + ", out: " + out + ", args: {" + args + "}}\n";
}

std::string embed(const std::string& op, const std::string& modality, const std::string& args, const std::string& out) {
  const std::string in = modality == "text" ? "text" : "image";
  return node(in, op, "model_name: auto, weight_path: " + kWeights + ", modality: " + modality + args, out);
}

const std::string kClip = "image_text_embedding.clip";
const std::string kClip4Clip = "video_text_embedding.clip4clip";
const std::string kDecode = node("path", "image_decode.ffmpeg", "", "image");

std::vector<float> floats(const Value& value) {
  const pipit::Tensor tensor = value.tensor();
  return {tensor.data<float>(), tensor.data<float>() + tensor.elements()};
}

double length(const std::vector<float>& x) {
  double squares = 0;
  for (const float v : x) squares += static_cast<double>(v) * v;
  return std::sqrt(squares);
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max<double>(largest, std::abs(a[i] - b[i]));
  return largest;
}

/// Without the line of the pipeline that is shown below it.
std::string refusal(const std::string& args) {
  try {
    open("text: string", node("text", kClip, args, "vec"), "vec");
  } catch (const pipit::Error& error) {
    const std::string text = error.what();
    return text.substr(0, text.find('\n'));
  }
  return "";
}

}  // namespace

TEST_CASE("clip: an image's vector is as long as the model makes it and lies in the space of clips") {
  Pipeline pipeline = open(
      "path: string",
      kDecode + embed(kClip, "image", ", preprocess: openai", "vec") + node("vec", "towhee.np_normalize", "", "unit") +
          node("image", kClip4Clip, "model_name: auto, weight_path: " + kWeights + ", modality: video", "video"),
      "vec, unit, video");
  CHECK(pipeline.outputs()[0].type == "tensor<f32>[128]");
  const Result result = pipeline.call({{"path", kImages + "/even.jpg"}});
  REQUIRE_MESSAGE(!result.error, (result.error ? result.error->message : ""));
  CHECK(std::abs(length(floats(result.get("vec"))) - 1) > 0.1);
  CHECK(largest_difference(floats(result.get("unit")), floats(result.get("video"))) <= 1e-6);
}

TEST_CASE("clip: a sentence's vector is clip4clip's before it is normalized") {
  Pipeline pipeline = open("text: string",
                           embed(kClip, "text", "", "vec") + node("vec", "towhee.np_normalize", "", "unit") +
                               embed(kClip4Clip, "text", "", "other"),
                           "vec, unit, other");
  const Result result = pipeline.call({{"text", "two red circles moving up and down"}});
  REQUIRE_MESSAGE(!result.error, (result.error ? result.error->message : ""));
  CHECK(std::abs(length(floats(result.get("vec"))) - 1) > 0.1);
  CHECK(largest_difference(floats(result.get("unit")), floats(result.get("other"))) <= 1e-6);
}

TEST_CASE("clip: preprocess openai unescapes a text and huggingface takes it as it is") {
  Pipeline texts =
      open("text: string",
           embed(kClip, "text", "", "as_hugging_face") + embed(kClip, "text", ", preprocess: openai", "as_openai"),
           "as_hugging_face, as_openai");
  const Result text = texts.call({{"text", "a red &amp; blue circle"}});
  CHECK(largest_difference(floats(text.get("as_hugging_face")), floats(text.get("as_openai"))) > 1e-3);
  const Result plain = texts.call({{"text", "a red circle"}});
  CHECK(floats(plain.get("as_hugging_face")) == floats(plain.get("as_openai")));
}

TEST_CASE("clip: rows of one batch do not change each other") {
  Pipeline pipeline = open("path: string", kDecode + embed(kClip, "image", "", "vec"), "vec");
  const std::vector<std::string> names = {"even.jpg", "rgb.png", "grey.jpg", "tiny.jpg"};
  std::vector<std::future<Result>> together;
  for (const std::string& name : names) together.push_back(pipeline.submit({{"path", kImages + "/" + name}}));
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Result one = together[i].get();
    REQUIRE_MESSAGE(!one.error, (one.error ? one.error->message : ""));
    const Result alone = pipeline.call({{"path", kImages + "/" + names[i]}});
    CHECK(largest_difference(floats(one.get("vec")), floats(alone.get("vec"))) <= 1e-5);
  }
}

TEST_CASE("clip: Towhee's model names name architectures that the file must hold") {
  const std::string weights = ", modality: text, weight_path: " + kWeights;
  const std::vector<std::pair<std::string, std::string>> names = {{"clip_vit_base_patch32", "clip_vit_b32"},
                                                                  {"clip_vit_base_patch16", "clip_vit_b16"},
                                                                  {"clip_vit_large_patch14", "clip_vit_l14"},
                                                                  {"clip_vit_large_patch14_336", "clip_vit_l14@336px"}};
  for (const auto& [name, architecture] : names) {
    CAPTURE(name);
    CHECK(refusal("model_name: " + name + weights).find("model_name says " + architecture) != std::string::npos);
  }
}

TEST_CASE("clip: arguments that do not fit are refused when the pipeline opens") {
  CHECK(refusal("model_name: auto, modality: text")
            .ends_with(
                "operator 'image_text_embedding.clip' needs argument 'weight_path' (path): the checkpoint, Hugging "
                "Face's, OpenAI's or CLIP4Clip's; safetensors or PyTorch's zip format; pipit downloads none"));
  CHECK(refusal("model_name: auto, modality: text, max_words: 78, weight_path: " + kWeights)
            .ends_with("max_words is 78, this model's context holds 77"));
}
