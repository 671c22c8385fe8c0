// Converted files, against the files that they were made from.
#include "pipit/weights/conversion.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "pipit/error.h"
#include "pipit/weights/clip_checkpoint.h"
#include "tensor_numbers.h"
#include "test_file.h"

using pipit::weights::Activation;
using pipit::weights::bytes_to_convert;
using pipit::weights::Checkpoint;
using pipit::weights::ClipCheckpoint;
using pipit::weights::ClipRequest;
using pipit::weights::Conversion;
using pipit::weights::DType;
using pipit::weights::kEightBits;
using pipit::weights::kFourBits;
using pipit::weights::Source;
using pipit::weights::TensorView;

namespace {

const std::filesystem::path kData = PIPIT_TEST_DATA;

ClipCheckpoint resolve(const std::filesystem::path& path, const ClipRequest& request = {.heads = 2}) {
  return resolve_clip(Checkpoint::open(kData / path), request);
}

// A converted file, opened without being told anything that its source was.
struct Converted {
  explicit Converted(const ClipCheckpoint& source, const Conversion& conversion, const ClipRequest& request = {})
      : checkpoint([&] {
          write_converted(source, conversion, path());
          return resolve_clip(Checkpoint::open(path()), request);
        }()) {}

  TestFile folder{""};
  ClipCheckpoint checkpoint;

  std::filesystem::path path() const { return folder.path().parent_path() / "converted.safetensors"; }
};

const TensorView& whole(const ClipCheckpoint& checkpoint, const std::string& name) {
  const Source& source = checkpoint.tensors.at(name);
  REQUIRE(source.parts.size() == 1);
  REQUIRE_FALSE(source.transposed);
  return source.parts.front();
}

template <typename Function>
std::pair<std::string, std::string> error_of(Function function) {
  try {
    function();
  } catch (const pipit::Error& error) {
    return {error.code(), error.what()};
  }
  return {"", "accepted"};
}

}  // namespace

TEST_CASE("conversion: numbers that keep their type keep their bits") {
  const ClipCheckpoint source = resolve("clip4clip_seqtransf.bin");
  const Converted result(source, {}, {.heads = 2});
  REQUIRE(result.checkpoint.tensors.size() == source.tensors.size());
  for (const auto& [name, tensor] : source.tensors) {
    CAPTURE(name);
    CHECK(numbers<std::uint32_t>(whole(result.checkpoint, name)) == numbers<std::uint32_t>(tensor.parts.front()));
  }
  CHECK(result.checkpoint.layout == "OpenAI");
  CHECK(result.checkpoint.architecture.head == pipit::weights::Head::kSeqTransf);
}

TEST_CASE("conversion: float16 becomes the same numbers in float32") {
  const ClipCheckpoint source = resolve("openai.safetensors");
  const Converted result(source, {.dtype = DType::kFloat32});
  for (const auto& [name, tensor] : source.tensors) {
    CAPTURE(name);
    CHECK(numbers<float>(whole(result.checkpoint, name)) == floats_of_half(tensor.parts.front()));
  }
  const Converted back(result.checkpoint, {.dtype = DType::kFloat16});
  for (const auto& [name, tensor] : source.tensors) {
    CHECK(numbers<std::uint16_t>(whole(back.checkpoint, name)) == numbers<std::uint16_t>(tensor.parts.front()));
  }
}

TEST_CASE("conversion: bfloat16 is float32 cut and rounded") {
  const ClipCheckpoint source = resolve("openai.pth");
  const Converted result(source, {.dtype = DType::kBFloat16});
  const TensorView& view = whole(result.checkpoint, "visual.proj");
  CHECK(view.dtype == DType::kBFloat16);
  const auto was = numbers<float>(source.tensors.at("visual.proj").parts.front());
  const auto is = numbers<std::uint16_t>(view);
  for (std::size_t i = 0; i < was.size(); ++i) {
    const float number = std::bit_cast<float>(static_cast<std::uint32_t>(is[i]) << 16);
    CHECK(std::abs(number - was[i]) <= std::abs(was[i]) / 256);
  }
}

TEST_CASE("conversion: Hugging Face's parts are joined and its projections turned") {
  const ClipCheckpoint source = resolve("huggingface", {});
  const Converted result(source, {});
  const auto& weight = source.tensors.at("transformer.resblocks.0.attn.in_proj_weight");
  const auto joined = numbers<float>(whole(result.checkpoint, "transformer.resblocks.0.attn.in_proj_weight"));
  for (std::size_t part = 0; part < 3; ++part) {
    const auto expected = numbers<float>(weight.parts[part]);
    CHECK(std::equal(expected.begin(), expected.end(), joined.begin() + static_cast<std::ptrdiff_t>(part * 256)));
  }
  const auto turned = numbers<float>(whole(result.checkpoint, "visual.proj"));  // [16, 8]
  const auto straight = numbers<float>(source.tensors.at("visual.proj").parts.front());
  for (std::size_t row = 0; row < 16; ++row) {
    for (std::size_t column = 0; column < 8; ++column) CHECK(turned[row * 8 + column] == straight[column * 16 + row]);
  }
}

TEST_CASE("conversion: what the config told is in the file") {
  const Converted result(resolve("huggingface", {}), {});
  CHECK(result.checkpoint.architecture.activation == Activation::kGelu);
  CHECK(result.checkpoint.architecture.vision.heads == 2);
  CHECK(result.checkpoint.architecture.text.heads == 4);
  CHECK(result.checkpoint.assumptions.empty());
  CHECK(result.checkpoint.file.metadata().at("pipit.clip") ==
        R"({"activation":"gelu","vision_heads":2,"text_heads":4})");
  const auto other =
      error_of([&] { resolve_clip(Checkpoint::open(result.path()), {.activation = Activation::kQuickGelu}); });
  CHECK(other.second == "weight_path '" + result.path().string() +
                            "' has metadata 'pipit.clip' that says gelu, and activation says quick_gelu");
}

TEST_CASE("conversion: quantised files are the ones that numpy made") {
  const ClipCheckpoint source = resolve("wide.safetensors", {.text = false});
  for (const auto& [quantization, name] :
       {std::pair(kEightBits, "wide_int8.safetensors"), std::pair(kFourBits, "wide_int4.safetensors")}) {
    const Converted result(source, {.quantization = quantization}, {.text = false});
    const Checkpoint expected = Checkpoint::open(kData / name);
    const Checkpoint& is = result.checkpoint.file;
    REQUIRE(is.tensors().size() == expected.tensors().size());
    for (const auto& [tensor, view] : expected.tensors()) {
      CAPTURE(tensor);
      const TensorView& ours = is.tensors().at(tensor);
      CHECK(ours.dtype == view.dtype);
      CHECK(ours.shape == view.shape);
      CHECK(std::equal(view.data, view.data + view.elements() * static_cast<std::int64_t>(dtype_bytes(view.dtype)),
                       ours.data));
    }
    CHECK(result.checkpoint.quantization == quantization);
  }
}

TEST_CASE("conversion: a quantised file can be expanded and not quantised again") {
  const ClipCheckpoint source = resolve("wide_int8.safetensors", {.text = false});
  const Converted result(source, {.dtype = DType::kFloat32}, {.text = false});
  CHECK_FALSE(result.checkpoint.quantization);
  const std::string name = "visual.transformer.resblocks.0.mlp.c_proj.weight";
  const auto values = numbers<std::int8_t>(source.tensors.at(name).parts.front());
  const auto scale = numbers<float>(source.tensors.at(name).scales->scale);
  const auto numbers_now = numbers<float>(whole(result.checkpoint, name));
  for (std::size_t i = 0; i < values.size(); ++i) {
    REQUIRE(numbers_now[i] == static_cast<float>(values[i]) * scale[i / 64]);
  }
  TestFile folder("");
  const auto again = error_of([&] { write_converted(source, {.quantization = kFourBits}, folder.path()); });
  CHECK(again.first == "invalid_checkpoint");
  CHECK(again.second == "weight_path '" + (kData / "wide_int8.safetensors").string() +
                            "' is quantised to 8 bits, and cannot be to 4; quantise the checkpoint that it was made "
                            "from");
}

TEST_CASE("conversion: a width that 4 bits cannot group is refused") {
  TestFile folder("");
  const auto error =
      error_of([&] { write_converted(resolve("openai.pth"), {.quantization = kFourBits}, folder.path()); });
  CHECK(error.second == "weight_path '" + (kData / "openai.pth").string() +
                            "' cannot be quantised: 'transformer.resblocks.0.attn.in_proj_weight' has 16 columns, and "
                            "4 bits take a multiple of 64; quantise to 8 bits");
}

TEST_CASE("conversion: what lies well in the file needs none") {
  CHECK(bytes_to_convert(resolve("openai.pth"), {.dtype = DType::kFloat32}) == 0);
  CHECK(bytes_to_convert(resolve("openai.pth"), {}) == 0);
  CHECK(bytes_to_convert(resolve("openai.safetensors"), {.dtype = DType::kFloat32}) > 20'000);
  CHECK(bytes_to_convert(resolve("huggingface", {}), {.dtype = DType::kFloat32}) > 3 * 3 * 256 * 4);
  CHECK(bytes_to_convert(resolve("wide_int8.safetensors", {.text = false}), {.quantization = kEightBits}) == 0);
  CHECK(bytes_to_convert(resolve("wide_int8.safetensors", {.text = false}), {}) > 0);
}

TEST_CASE("conversion: a file that cannot be written leaves nothing behind") {
  TestFile folder("");
  const auto missing = error_of([&] { write_converted(resolve("openai.pth"), {}, folder.path() / "x" / "y"); });
  CHECK(missing.first == "output_failed");
  CHECK(missing.second == "'" + (folder.path() / "x" / "y").string() + "' cannot be written: Not a directory");

  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const rlimit small{4096, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const auto full =
      error_of([&] { write_converted(resolve("openai.pth"), {}, folder.path().parent_path() / "out.safetensors"); });
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  CHECK(full.first == "output_failed");
  CHECK(full.second ==
        "'" + (folder.path().parent_path() / "out.safetensors").string() + "' cannot be written: File too large");
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path().parent_path())) {
    left.push_back(entry.path().filename());
  }
  CHECK(left == std::vector<std::string>{"weights.bin"});
}
