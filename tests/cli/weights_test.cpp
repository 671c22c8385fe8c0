// pipit weights: what it prints, and its exit status.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "program.h"

using test::Outcome;
using test::TemporaryFolder;

namespace {

const std::string kData = std::string(PIPIT_SOURCE_DIR) + "/tests/weights/data/";

Outcome weights(std::vector<std::string> arguments, const std::string& cache = "off") {
  arguments.insert(arguments.begin(), "weights");
  test::Call call;
  call.arguments = std::move(arguments);
  call.environment = {"PIPIT_CACHE=" + cache};
  return test::run(call);
}

}  // namespace

TEST_CASE("weights inspect: a file is told from its container to the YAML that uses it") {
  const std::string file = kData + "huggingface/model.safetensors";
  const Outcome outcome = weights({"inspect", file});
  CHECK(outcome.err == "");
  CHECK(outcome.status == 0);
  CHECK(outcome.out == "file: " + file +
                           "\n"
                           "bytes: 55.5 kB\n"
                           "container: safetensors\n"
                           "tensors: 62\n"
                           "dtypes: float32 62\n"
                           "layout: Hugging Face\n"
                           "architecture: ViT width 16 patch 4\n"
                           "embed_dim: 8\n"
                           "parameters: 12209\n"
                           "vision: width 16, layers 2, heads 2, mlp 64, patch 4, resolution 8, linear_patch 2d\n"
                           "text: width 16, layers 1, heads 4, mlp 64, context_length 8, vocab_size 64\n"
                           "activation: gelu\n"
                           "head: meanP\n"
                           "space: ViT width 16 patch 4 "
                           "sha256:c6d09b2ce8716050755a0c2eb79b5c56636f5fb9bbddfc9bfc60c38ae36cd730 gelu\n"
                           "memory float32: video 30.5 kB, text 18.4 kB\n"
                           "memory bfloat16: video 15.2 kB, text 9.2 kB\n"
                           "memory int8: video 13.2 kB, text 9.7 kB\n"
                           "use\n"
                           "- {name: embed_video, op: video_text_embedding.clip4clip, in: frame, out: video_vec,\n"
                           "   args: {model_name: auto, weight_path: \"" +
                           file +
                           "\", modality: video}}\n"
                           "- {name: embed_text, op: video_text_embedding.clip4clip, in: text, out: text_vec,\n"
                           "   args: {model_name: auto, weight_path: \"" +
                           file + "\", modality: text}}\n");
}

TEST_CASE("weights inspect: what is refused is told with what it is") {
  const Outcome outcome = weights({"inspect", kData + "lora/adapter_model.safetensors", "--json"});
  CHECK(outcome.status == 2);
  const auto json = nlohmann::json::parse(outcome.out);
  CHECK(json.at("container") == "safetensors");
  CHECK(json.at("tensors") == 21);
  CHECK(json.at("refused").get<std::string>().find("of a LoRA adapter, not the model") != std::string::npos);
  const Outcome missing = weights({"inspect", "/nowhere"});
  CHECK(missing.err == "weight_path '/nowhere' does not exist\n");
  CHECK(missing.status == 2);
}

TEST_CASE("weights inspect: quantised weights are counted one by one") {
  const auto parameters = [](const char* name) {
    const Outcome outcome = weights({"inspect", kData + name, "--json"});
    REQUIRE(outcome.status == 0);
    return nlohmann::json::parse(outcome.out).at("parameters").get<int>();
  };
  CHECK(parameters("wide_int4.safetensors") == parameters("wide.safetensors"));
  CHECK(parameters("wide_int8.safetensors") == parameters("wide.safetensors"));
}

TEST_CASE("weights: averaged weights are shown and chosen") {
  const TemporaryFolder folder;
  const auto inspect = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"inspect", kData + "averaged.ckpt", "--heads", "2", "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return nlohmann::json::parse(weights(arguments).out);
  };
  CHECK(inspect({}).at("averaged") == nlohmann::json{"state_dict_ema"});
  CHECK_FALSE(inspect({"--state", "ema"}).contains("averaged"));
  CHECK(inspect({"--state", "ema"}).at("use")[0].get<std::string>().find(", state: ema}") != std::string::npos);
  const std::string usual = folder.path() + "/usual.safetensors";
  const std::string mean = folder.path() + "/mean.safetensors";
  CHECK(weights({"convert", kData + "averaged.ckpt", usual, "--heads", "2"}).status == 0);
  CHECK(weights({"convert", kData + "averaged.ckpt", mean, "--heads", "2", "--state", "ema"}).status == 0);
  const auto bytes_of = [](const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  };
  CHECK(bytes_of(usual) != bytes_of(mean));
  CHECK(weights({"inspect", kData + "averaged.ckpt", "--state", "mean"}).err ==
        "pipit: --state takes one of 'model', 'ema', found 'mean'\n");
}

TEST_CASE("weights inspect: what a config asks for beside the ordinary CLIP is shown") {
  const TemporaryFolder folder;
  std::filesystem::copy(kData + "openclip", folder.path() + "/model");
  const std::string config = folder.path() + "/model/open_clip_config.json";
  nlohmann::json json = nlohmann::json::parse(std::ifstream(config));
  CHECK_FALSE(nlohmann::json::parse(weights({"inspect", folder.path() + "/model", "--json"}).out).contains("variant"));
  json["preprocess_cfg"]["resize_mode"] = "squash";
  std::ofstream(config) << json;
  CHECK(nlohmann::json::parse(weights({"inspect", folder.path() + "/model", "--json"}).out).at("variant") ==
        nlohmann::json{{"resize", "squash"}});
}

TEST_CASE("weights convert: the file that it writes is inspected as what it is") {
  const TemporaryFolder folder;
  const std::string out = folder.path() + "/half.safetensors";
  const Outcome outcome = weights({"convert", kData + "huggingface", out, "--dtype", "fp16"});
  CHECK(outcome.out == out + ": ViT width 16 patch 4, float16, 29.4 kB\n");
  CHECK(outcome.status == 0);
  const auto json = nlohmann::json::parse(weights({"inspect", out, "--json"}).out);
  CHECK(json.at("layout") == "OpenAI");
  CHECK(json.at("activation") == "gelu");
  CHECK(json.at("assumptions") == nlohmann::json::array());
  CHECK(json.at("dtypes") == nlohmann::json{{"float16", 50}});
}

TEST_CASE("weights quantize: 8 and 4 bits") {
  const TemporaryFolder folder;
  const std::string out = folder.path() + "/small.safetensors";
  const Outcome outcome = weights({"quantize", kData + "wide.safetensors", out, "--bits", "4", "--json"});
  CHECK(outcome.status == 0);
  CHECK(nlohmann::json::parse(outcome.out).at("conversion") == "int4");
  CHECK(nlohmann::json::parse(weights({"inspect", out, "--json"}).out).at("quantized_bits") == 4);
  const Outcome narrow = weights({"quantize", kData + "openai.pth", out, "--bits", "4", "--heads", "2", "--overwrite"});
  CHECK(narrow.status == 2);
  CHECK(narrow.err == "weight_path '" + kData +
                          "openai.pth' cannot be quantised: 'transformer.resblocks.0.attn.in_proj_weight' has 16 "
                          "columns, and 4 bits take a multiple of 64; quantise to 8 bits\n");
  CHECK_MESSAGE(std::filesystem::exists(out), "what was there before stays");
}

TEST_CASE("weights: a wrong command line is exit status 2") {
  const auto message = [](std::vector<std::string> arguments) {
    const Outcome outcome = weights(std::move(arguments));
    CHECK(outcome.status == 2);
    CHECK(outcome.out == "");
    return outcome.err;
  };
  CHECK(message({"inspet", "x"}) ==
        "pipit: weights has no command 'inspet' (pipit weights --help lists them); did you mean 'inspect'?\n");
  CHECK(
      message({"convert", "a", "b", "--dtype", "int8"}) ==
      "pipit: --dtype takes one of 'fp32', 'fp16', 'bf16', found 'int8'; pipit weights quantize makes 8 and 4 bits\n");
  CHECK(message({"quantize", "a", "b", "--bits", "5"}) == "pipit: --bits takes 8 or 4, found 5\n");
}

TEST_CASE("weights convert: an output that cannot be written is exit status 3") {
  const Outcome outcome = weights({"convert", kData + "openai.pth", "/nowhere/x", "--heads", "2"});
  CHECK(outcome.err == "'/nowhere/x' cannot be written: No such file or directory\n");
  CHECK(outcome.status == 3);
}

TEST_CASE("weights cache: an empty one and none at all") {
  const TemporaryFolder folder;
  const Outcome empty = weights({"cache"}, folder.path() + "/cache");
  CHECK(empty.out == folder.path() + "/cache: 0.0 kB of at most 21475 MB\n");
  CHECK(empty.status == 0);
  CHECK(weights({"cache", "--clear"}, folder.path() + "/cache").out == folder.path() + "/cache: 0.0 kB freed\n");
  CHECK(weights({"cache", "--json"}).out == "{\"folder\": null}\n");
  CHECK(weights({"cache"}).out == "no cache: PIPIT_CACHE is off, or there is no home folder\n");
}

TEST_CASE("weights convert: writes over no file unasked and over no config or device") {
  const TemporaryFolder folder;
  const std::string file = folder.path() + "/w.safetensors";
  std::filesystem::copy_file(kData + "openai.safetensors", file);
  const std::string config = folder.write("open_clip_config.json", "{}");
  const auto said = [&](const std::string& out, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"convert", file, out};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = weights(arguments);
    CHECK(outcome.status == 2);
    return outcome.err;
  };
  CHECK(said(config, {"--overwrite"}) ==
        "pipit: OUT '" + config +
            "' is the same file as 'open_clip_config.json' beside the weights; name another file\n");
  const std::string notes = folder.write("notes.txt", "mine");
  CHECK(said(notes) == "pipit: OUT '" + notes + "' is there; replace it by --overwrite, or name another file\n");
  CHECK(said("/dev/null", {"--overwrite"}) == "pipit: OUT '/dev/null' is not a file; name another\n");
  CHECK(said("-") == "pipit: OUT cannot be standard output; name a file\n");
  CHECK(test::read_file(notes) == "mine");
  CHECK(test::read_file(config) == "{}");
}
