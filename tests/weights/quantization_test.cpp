// Weights in 8 and 4 bits: against numpy's arithmetic, and files that lie about them.
#include "pipit/weights/quantization.h"

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <span>
#include <vector>

#include "clip_files.h"
#include "pipit/error.h"
#include "pipit/weights/clip_checkpoint.h"
#include "tensor_numbers.h"

using pipit::weights::Checkpoint;
using pipit::weights::ClipCheckpoint;
using pipit::weights::ClipRequest;
using pipit::weights::DType;
using pipit::weights::Int4Matrix;
using pipit::weights::Int8Matrix;
using pipit::weights::kEightBits;
using pipit::weights::kFourBits;
using pipit::weights::quantize_int4;
using pipit::weights::quantize_int8;
using pipit::weights::TensorView;

namespace {

const std::filesystem::path kData = PIPIT_TEST_DATA;
const ClipRequest kVisionOnly = {.text = false};

ClipCheckpoint resolve(const char* name) {
  return resolve_clip(Checkpoint::open(kData / name), kVisionOnly);
}

template <typename Function>
std::string error_of(Function function) {
  try {
    function();
  } catch (const pipit::Error& error) {
    CHECK(error.code() == "invalid_checkpoint");
    return error.what();
  }
  return "accepted";
}

// The demo's shapes with every linear weight as a quantised file has it.
struct Quantized {
  Shapes shapes;
  std::map<std::string, std::string> dtypes;
};

Quantized quantized_shapes(int bits) {
  Quantized result;
  for (const auto& [name, shape] : openai_shapes(kDemo)) {
    const bool linear = name.find("resblocks") != std::string::npos && shape.size() == 2;
    result.shapes[name] = shape;
    if (!linear) continue;
    result.dtypes[name] = bits == 8 ? "I8" : "U8";
    result.shapes[name + ".scale"] = {shape[0]};
    result.dtypes[name + ".scale"] = "F32";
    if (bits == 4) {
      result.shapes[name] = {shape[0], shape[1] / 2};
      result.shapes[name + ".scale"] = result.shapes[name + ".zero"] = {shape[0], shape[1] / 64};
      result.dtypes[name + ".scale"] = "F16";
    }
  }
  return result;
}

std::string refusal(const Quantized& content, const std::string& metadata) {
  auto file = clip_file(content.shapes, content.dtypes, "model.safetensors", {{"pipit.quantization", metadata}});
  const std::string start = "weight_path '" + file->path().string() + "' ";
  std::string message = error_of([&] { resolve_clip(Checkpoint::open(file->path())); });
  return message.starts_with(start) ? message.substr(start.size()) : message;
}

}  // namespace

TEST_CASE("quantization: 8 bits are numpy's") {
  ClipCheckpoint plain = resolve("wide.safetensors");
  ClipCheckpoint quantized = resolve("wide_int8.safetensors");
  CHECK_FALSE(plain.quantization);
  CHECK(quantized.quantization == kEightBits);
  int weights = 0;
  for (const auto& [name, source] : quantized.tensors) {
    if (!source.scales) continue;
    CAPTURE(name);
    ++weights;
    const TensorView& values = source.parts.at(0);
    const Int8Matrix ours = quantize_int8(floats_of_half(plain.tensors.at(name).parts.at(0)), values.shape[1]);
    CHECK(ours.values == numbers<std::int8_t>(values));
    CHECK(ours.scale == numbers<float>(source.scales->scale));
    CHECK_FALSE(source.scales->zero);
  }
  CHECK(weights == 4);
}

TEST_CASE("quantization: 4 bits are numpy's") {
  ClipCheckpoint plain = resolve("wide.safetensors");
  ClipCheckpoint quantized = resolve("wide_int4.safetensors");
  CHECK(quantized.quantization == kFourBits);
  CHECK(quantized.architecture.vision.width == 64);
  int weights = 0;
  for (const auto& [name, source] : quantized.tensors) {
    if (!source.scales) continue;
    CAPTURE(name);
    ++weights;
    const TensorView& values = source.parts.at(0);
    const Int4Matrix ours = quantize_int4(floats_of_half(plain.tensors.at(name).parts.at(0)), values.shape[1] * 2);
    CHECK(ours.values == numbers<std::uint8_t>(values));
    CHECK(ours.scale == numbers<std::uint16_t>(source.scales->scale));
    CHECK(ours.zero == numbers<std::uint16_t>(source.scales->zero.value()));
  }
  CHECK(weights == 4);
}

TEST_CASE("quantization: what 8 bits express comes back") {
  const std::vector<float> row = {127, -127, 0, 1, 2.5F, 3.5F, -0.5F, -1.5F};
  const Int8Matrix matrix = quantize_int8(row, 8);
  CHECK(matrix.scale == std::vector<float>{1});
  CHECK(matrix.values == std::vector<std::int8_t>{127, -127, 0, 1, 2, 4, 0, -2});
  CHECK(dequantize(matrix) == std::vector<float>{127, -127, 0, 1, 2, 4, 0, -2});
}

TEST_CASE("quantization: what 4 bits express comes back") {
  std::vector<float> row(64);
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = static_cast<float>(i % 16) * 0.25F - 1;
  const Int4Matrix matrix = quantize_int4(row, 64);
  CHECK(dequantize(matrix) == row);
  CHECK(matrix.values[0] == 0x10);
  CHECK(matrix.values[7] == 0xfe);
}

TEST_CASE("quantization: an error is at most half a step") {
  std::vector<float> row(256);
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = std::sin(static_cast<float>(i * i)) * static_cast<float>(i);
  const std::vector<float> eight = dequantize(quantize_int8(row, 128));
  const Int4Matrix matrix = quantize_int4(row, 128);
  const std::vector<float> four = dequantize(matrix);
  for (std::size_t i = 0; i < row.size(); ++i) {
    CAPTURE(i);
    CHECK(std::abs(eight[i] - row[i]) <= 256.0F / 127 / 2);
    CHECK(std::abs(four[i] - row[i]) <= 2 * 256.0F / 15 / 2 * 1.01F);
  }
}

TEST_CASE("quantization: rows that are constant stay so") {
  const std::vector<float> zeros(128);
  CHECK(dequantize(quantize_int8(zeros, 64)) == zeros);
  CHECK(dequantize(quantize_int4(zeros, 64)) == zeros);
  const std::vector<float> halves(128, 0.5F);
  CHECK(dequantize(quantize_int8(halves, 64)) == halves);
  CHECK(dequantize(quantize_int4(halves, 64)) == halves);
}

TEST_CASE("quantization: numbers that cannot be expressed are refused") {
  std::vector<float> row(64);
  row[5] = std::numeric_limits<float>::quiet_NaN();
  CHECK(error_of([&] { quantize_int8(row, 64); }) == "has numbers that are not finite");
  row[5] = -std::numeric_limits<float>::infinity();
  CHECK(error_of([&] { quantize_int4(row, 64); }) == "has numbers that are not finite");
  row[5] = 1e6F;
  CHECK(error_of([&] { quantize_int8(row, 64); }) == "accepted");
  CHECK(error_of([&] { quantize_int4(row, 64); }) == "has numbers beyond float16; quantise to 8 bits");
  CHECK(error_of([&] { quantize_int4(std::vector<float>(96), 96); }) ==
        "has 96 columns, and 4 bits take a multiple of 64; quantise to 8 bits");
}

TEST_CASE("quantized file: both kinds are accepted") {
  CHECK(refusal(quantized_shapes(8), R"({"bits": 8})") == "accepted");
  CHECK(refusal(quantized_shapes(4), R"({"bits": 4, "group": 64})") == "accepted");
}

TEST_CASE("quantized file: one that lies is refused") {
  const std::string name = "visual.transformer.resblocks.1.mlp.c_fc.weight";
  Quantized content = quantized_shapes(8);
  content.shapes.erase(name + ".scale");
  CHECK(refusal(content, R"({"bits":8})") == "is not a whole CLIP in OpenAI's layout: 1 missing: '" + name + ".scale'");
  content = quantized_shapes(8);
  content.shapes[name + ".scale"] = {511};
  CHECK(refusal(content, R"({"bits":8})") ==
        "is not a whole CLIP in OpenAI's layout: 1 wrong: '" + name + ".scale' is [511], expected [512]");
  content = quantized_shapes(8);
  content.dtypes[name] = "F16";
  CHECK(refusal(content, R"({"bits":8})") ==
        "is not a whole CLIP in OpenAI's layout: 1 wrong: '" + name + "' is of float16, expected int8");
  content = quantized_shapes(4);
  content.shapes[name] = {512, 128};
  CHECK(refusal(content, R"({"bits":4,"group":64})") ==
        "is not a whole CLIP in OpenAI's layout: 1 wrong: '" + name + "' is [512, 128], expected [512, 64]");
  content = quantized_shapes(4);
  content.shapes.erase(name + ".zero");
  CHECK(refusal(content, R"({"bits":4,"group":64})") ==
        "is not a whole CLIP in OpenAI's layout: 1 missing: '" + name + ".zero'");
  CHECK(
      refusal(quantized_shapes(8), R"({"bits":5})") ==
      R"(has 'pipit.quantization' in its metadata as '{"bits":5}'; pipit knows {"bits":8} and {"bits":4,"group":64})");
  CHECK(refusal(quantized_shapes(8), "eight") ==
        R"(has 'pipit.quantization' in its metadata as 'eight'; pipit knows {"bits":8} and {"bits":4,"group":64})");
}

TEST_CASE("quantized file: query and key and value apart are refused") {
  const auto file = Checkpoint::open(kData / "huggingface");
  Quantized content;
  for (const auto& [name, view] : file.tensors()) content.shapes[name] = view.shape;
  CHECK(refusal(content, R"({"bits":8})") ==
        "is quantised, and has 'vision_model.encoder.layers.0.self_attn.q_proj.weight' apart");
}
