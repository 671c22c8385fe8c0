// LoRA adapters against what PEFT merges, and bitsandbytes' weights against their definition.
#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "pipit/error.h"
#include "pipit/weights/load_clip.h"
#include "tensor_numbers.h"
#include "test_file.h"

using pipit::weights::Checkpoint;
using pipit::weights::ClipCheckpoint;
using pipit::weights::DType;
using pipit::weights::load_clip;

namespace {

const std::filesystem::path kData = PIPIT_TEST_DATA;

using Numbers = std::map<std::string, std::vector<float>>;

Numbers numbers_of(const ClipCheckpoint& checkpoint) {
  TestFile folder("");
  write_converted(checkpoint, {.dtype = DType::kFloat32}, folder.path());
  Numbers all;
  const Checkpoint file = Checkpoint::open(folder.path());
  for (const auto& [name, view] : file.tensors()) all[name] = numbers<float>(view);
  return all;
}

// The greatest difference of all tensors, in units of each one's greatest magnitude.
double difference(const ClipCheckpoint& a, const ClipCheckpoint& b) {
  const Numbers left = numbers_of(a);
  const Numbers right = numbers_of(b);
  REQUIRE(left.size() == right.size());
  double most = 0;
  for (const auto& [name, list] : left) {
    const std::vector<float>& other = right.at(name);
    REQUIRE(list.size() == other.size());
    double greatest = 0;
    double differs = 0;
    for (std::size_t i = 0; i < list.size(); ++i) {
      greatest = std::max(greatest, std::abs(double{other[i]}));
      differs = std::max(differs, std::abs(double{list[i]} - double{other[i]}));
    }
    if (greatest > 0) most = std::max(most, differs / greatest);
  }
  return most;
}

ClipCheckpoint plain(const std::filesystem::path& path) {
  return resolve_clip(Checkpoint::open(kData / path));
}

ClipCheckpoint merged(const std::filesystem::path& path, const char* adapter) {
  return load_clip(kData / path, {}, {.adapter_path = kData / adapter});
}

// What merging says of the adapter with another config, after "adapter_path '…' ".
std::string refusal_with(const char* key, const nlohmann::json& value,
                         const std::filesystem::path& weights = "huggingface") {
  TestFile folder("");
  const std::filesystem::path place = folder.path().parent_path();
  std::filesystem::copy_file(kData / "lora/adapter_model.safetensors", place / "adapter_model.safetensors");
  std::ifstream text(kData / "lora/adapter_config.json");
  nlohmann::json config = nlohmann::json::parse(text);
  config[key] = value;
  folder.write_beside("adapter_config.json", config.dump());
  try {
    load_clip(kData / weights, {.heads = weights == "huggingface" ? std::optional<std::int64_t>() : 2},
              {.adapter_path = place});
  } catch (const pipit::Error& error) {
    CHECK(error.code() == "invalid_checkpoint");
    const std::string start = "adapter_path '" + place.string() + "' ";
    const std::string message = error.what();
    return message.starts_with(start) ? message.substr(start.size()) : message;
  }
  return "accepted";
}

}  // namespace

TEST_CASE("adapter: merged as PEFT merges") {
  CHECK(difference(merged("huggingface", "lora"), plain("lora/merged.safetensors")) < 1e-6);
  CHECK(difference(merged("huggingface", "lora_rslora"), plain("lora_rslora/merged.safetensors")) < 1e-6);
  CHECK(difference(merged("openclip", "lora_openai"), plain("lora_openai/merged.safetensors")) < 1e-6);
  CHECK(difference(plain("huggingface"), plain("lora/merged.safetensors")) > 0.1);
}

TEST_CASE("adapter: Hugging Face's names fit a checkpoint with OpenAI's") {
  TestFile folder("");
  const auto converted = folder.path().parent_path() / "openai.safetensors";
  write_converted(plain("huggingface"), {}, converted);
  const ClipCheckpoint result = load_clip(converted, {}, {.adapter_path = kData / "lora"});
  CHECK(result.layout == "OpenAI");
  CHECK(difference(result, plain("lora/merged.safetensors")) < 1e-6);
}

TEST_CASE("adapter: merged weights can be quantised and are never cached") {
  TestFile folder("");
  const pipit::weights::ConversionCache cache(folder.path().parent_path() / "cache");
  const ClipCheckpoint result = merged("huggingface", "lora");
  CHECK(result.adapter == kData / "lora");
  const auto quantized = folder.path().parent_path() / "quantized.safetensors";
  write_converted(result, {.quantization = pipit::weights::kEightBits}, quantized);
  CHECK(difference(plain(quantized), plain("lora/merged.safetensors")) < 0.01);
  convert_for_model(result, {.quantization = pipit::weights::kEightBits}, cache, {});
  CHECK(cache.entries().empty());
}

TEST_CASE("adapter: kinds that are not merged are refused by name") {
  CHECK(refusal_with("r", 4) == "accepted");
  CHECK(refusal_with("use_dora", true) ==
        "is a LoRA adapter with use_dora, which is not merged; merge it with PEFT and use the merged model");
  CHECK(refusal_with("peft_type", "IA3") ==
        "is an adapter of PEFT's type \"IA3\", expected \"LORA\"; merge it with PEFT and use the merged model");
  CHECK(refusal_with("init_lora_weights", "pissa_niter_4") ==
        "is a LoRA adapter that was started as pissa, which changed the base weights; merge it with PEFT and use the "
        "merged model");
  CHECK(refusal_with("rank_pattern", {{"^v_.*", 2}}) ==
        "has an adapter_config.json whose rank_pattern has the regular expression '^v_.*'; merge it with PEFT");
  const std::string expected = ", expected a whole number from 1 to 65536";
  CHECK(refusal_with("r", 0) == "has an adapter_config.json whose 'r' is 0" + expected);
  CHECK(refusal_with("r", 1e300) == "has an adapter_config.json whose 'r' is 1e+300" + expected);
  CHECK(refusal_with("r", 4.5) == "has an adapter_config.json whose 'r' is 4.5" + expected);
  CHECK(refusal_with("r", nullptr) == "has an adapter_config.json whose 'r' is null" + expected);
  CHECK(refusal_with("rank_pattern", {{"fc1", 1e300}}) ==
        "has an adapter_config.json whose rank_pattern gives 'fc1' the value 1e+300" + expected);
  CHECK(refusal_with("lora_alpha", "8") ==
        "has an adapter_config.json whose 'lora_alpha' is \"8\", expected a positive number");
  CHECK(refusal_with("alpha_pattern", {{"fc1", -1}}) ==
        "has an adapter_config.json whose alpha_pattern gives 'fc1' the value -1, expected a positive number");
  CHECK(refusal_with("r", 5) ==
        "has lora_A [4, 16] and lora_B [64, 4] of 'text_model.encoder.layers.0.mlp.fc1', expected [5, 16] and [64, 5]");
}

TEST_CASE("adapter: of another model or none is refused") {
  CHECK(refusal_with("r", 4, "openai.pth") == "accepted");
  const auto message = [](const std::filesystem::path& weights, const std::filesystem::path& adapter) {
    try {
      load_clip(weights, {.text = false}, {.adapter_path = adapter});
    } catch (const pipit::Error& error) {
      return error.code() + ": " + error.what();
    }
    return std::string("accepted");
  };
  const std::string folder = (kData / "lora").string();
  CHECK(message(kData / "huggingface_vision/model.safetensors", folder) ==
        "invalid_checkpoint: adapter_path '" + folder +
            "' has 'base_model.model.text_model.encoder.layers.0.mlp.fc1.lora_A.weight', and ViT width 16 "
            "patch 4 has no such weight");
  CHECK(message(kData / "huggingface", "/nowhere") == "not_found: adapter_path '/nowhere' has no adapter_config.json");
  CHECK(message(kData / "wide_int8.safetensors", folder) ==
        "invalid_checkpoint: adapter_path '" + folder +
            "' cannot be merged into quantised weights; quantise the merged model");
}

TEST_CASE("bitsandbytes: weights are the numbers that its definition gives") {
  CHECK(difference(plain("bitsandbytes"), plain("bitsandbytes/dequantized.safetensors")) < 1e-6);
  CHECK(difference(plain("huggingface"), plain("bitsandbytes/dequantized.safetensors")) > 0.01);
}

TEST_CASE("bitsandbytes: companions that do not fit are refused") {
  // Made by leaving a tensor out, or by giving it another shape, in the header.
  std::ifstream stream(kData / "bitsandbytes/model.safetensors", std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  const auto renamed = [&](const std::string& from, const std::string& to) {
    REQUIRE(from.size() == to.size());
    std::string changed = bytes;
    const std::size_t at = changed.find("\"" + from + "\"");
    REQUIRE(at != std::string::npos);
    changed.replace(at + 1, to.size(), to);
    TestFile file(changed, "model.safetensors");
    try {
      resolve_clip(Checkpoint::open(file.path()), {.heads = 2});
    } catch (const pipit::Error& error) {
      const std::string start = "weight_path '" + file.path().string() + "' ";
      return std::string(error.what()).substr(start.size());
    }
    return std::string("accepted");
  };
  const std::string fc1 = "vision_model.encoder.layers.1.mlp.fc1.weight";
  CHECK(renamed(fc1 + ".absmax", fc1 + ".xbsmax") == "is quantised by bitsandbytes and lacks '" + fc1 + ".absmax'");
  CHECK(renamed(fc1 + ".nested_absmax", fc1 + ".xested_absmax") ==
        "is quantised by bitsandbytes and lacks '" + fc1 + ".nested_absmax'");
  CHECK(renamed("vision_model.encoder.layers.0.mlp.fc1.weight", "vision_model.encoder.layers.0.mlp.fc1.wxight") ==
        "is quantised by bitsandbytes and lacks 'vision_model.encoder.layers.0.mlp.fc1.weight'");
}
