// Config files beside the weights: every key is honoured, known to change nothing, or refused by name.
#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "pipit/error.h"
#include "pipit/weights/clip_checkpoint.h"
#include "test_file.h"

using namespace pipit::weights;
using Json = nlohmann::json;

namespace {

const std::filesystem::path kData = PIPIT_TEST_DATA;

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// What is said of the weights with these files beside them, after "weight_path '…' "; or "accepted".
std::string said_of(const std::string& weights, const std::map<std::string, std::string>& beside,
                    const ClipRequest& request = {}) {
  TestFile file(bytes_of(kData / weights));
  for (const auto& [name, text] : beside) file.write_beside(name, text);
  try {
    resolve_clip(Checkpoint::open(file.path()), request);
    return "accepted";
  } catch (const pipit::Error& error) {
    const std::string start = "weight_path '" + file.path().string() + "' ";
    const std::string text = error.what();
    REQUIRE(text.starts_with(start));
    return text.substr(start.size());
  }
}

Json config_of(const std::string& path) {
  return Json::parse(bytes_of(kData / path));
}

std::string said_of_open_clip(const Json::json_pointer& key, const Json& value, const ClipRequest& request = {}) {
  Json config = config_of("openclip/open_clip_config.json");
  config[key] = value;
  return said_of("openclip/open_clip_model.safetensors", {{"open_clip_config.json", config.dump()}}, request);
}

std::string said_of_model(const Json::json_pointer& key, const Json& value, const ClipRequest& request = {}) {
  Json config = config_of("huggingface/config.json");
  config[key] = value;
  return said_of("huggingface/model.safetensors", {{"config.json", config.dump()}}, request);
}

std::string said_of_processor(const std::string& key, const Json& value) {
  Json config = {{"do_center_crop", true},
                 {"crop_size", 8},
                 {"size", {{"shortest_edge", 8}}},
                 {"image_processor_type", "CLIPImageProcessor"}};
  config[key] = value;
  return said_of("huggingface/model.safetensors", {{"config.json", config_of("huggingface/config.json").dump()},
                                                   {"preprocessor_config.json", config.dump()}});
}

const std::string kUnknown =
    "pipit does not know that key; if it changes no vector, take it out of the file, else the model cannot be run";
const std::string kUnsupported = "pipit does not compute that; take a model without it";

Json::json_pointer operator""_key(const char* text, std::size_t size) {
  return Json::json_pointer(std::string(text, size));
}

}  // namespace

TEST_CASE("config: an open_clip key that pipit does not know is refused by name") {
  const std::string start = "has 'open_clip_config.json' beside it with ";
  CHECK(said_of_open_clip("/model_cfg/vision_cfg/registers"_key, 4) ==
        start + "'model_cfg.vision_cfg.registers' 4; " + kUnknown);
  CHECK(said_of_open_clip("/model_cfg/text_cfg/rope"_key, true) ==
        start + "'model_cfg.text_cfg.rope' true; " + kUnknown);
  CHECK(said_of_open_clip("/model_cfg/multimodal_cfg"_key, {{"width", 8}}) ==
        start + "'model_cfg.multimodal_cfg' {\"width\":8}; " + kUnknown);
  CHECK(said_of_open_clip("/preprocess_cfg/gamma"_key, 2.2) == start + "'preprocess_cfg.gamma' 2.2; " + kUnknown);
  CHECK(said_of_open_clip("/version"_key, "2") == start + "'version' \"2\"; " + kUnknown);
}

TEST_CASE("config: what open_clip computes and pipit does not is refused by name") {
  const std::string start = "has 'open_clip_config.json' beside it with ";
  CHECK(said_of_open_clip("/model_cfg/vision_cfg/attentional_pool"_key, true) ==
        start + "'model_cfg.vision_cfg.attentional_pool' true; " + kUnsupported);
  CHECK(said_of_open_clip("/model_cfg/vision_cfg/no_ln_pre"_key, true) ==
        start + "'model_cfg.vision_cfg.no_ln_pre' true; " + kUnsupported);
  CHECK(said_of_open_clip("/model_cfg/vision_cfg/pool_type"_key, "none") ==
        start + "'model_cfg.vision_cfg.pool_type' \"none\"; pipit computes 'tok' and 'avg'");
  CHECK(said_of_open_clip("/model_cfg/vision_cfg/act_kwargs"_key, {{"approximate", "tanh"}}) ==
        start + "'model_cfg.vision_cfg.act_kwargs' {\"approximate\":\"tanh\"}; " + kUnsupported);
  CHECK(said_of_open_clip("/model_cfg/text_cfg/pool_type"_key, "eos") ==
        start +
            "'model_cfg.text_cfg.pool_type' \"eos\"; pipit computes 'argmax', 'first', 'last', and 'eos' with "
            "eos_id 49407");
  CHECK(said_of_open_clip("/model_cfg/text_cfg/tokenizer_kwargs"_key, {{"clean", "canonicalize"}}) ==
        start + "'model_cfg.text_cfg.tokenizer_kwargs.clean' \"canonicalize\"; pipit's tokenizer cleans as 'lower'");
  CHECK(said_of_open_clip("/model_cfg/text_cfg/hf_tokenizer_name"_key, "bert-base-uncased") ==
        start + "'model_cfg.text_cfg.hf_tokenizer_name' \"bert-base-uncased\"; " + kUnsupported);
  CHECK(said_of_open_clip("/model_cfg/text_cfg/norm_kwargs"_key, {{"eps", "small"}}) ==
        start + "'model_cfg.text_cfg.norm_kwargs.eps' \"small\"; expected a number");
  CHECK(said_of_open_clip("/model_cfg/vision_cfg/image_size"_key, 16) ==
        start + "'model_cfg.vision_cfg.image_size' 16; its tensors say 8");
  CHECK(said_of_open_clip("/preprocess_cfg/size"_key, {16, 16}) ==
        start + "'preprocess_cfg.size' [16,16]; the vision tower takes pictures of 8x8");
  CHECK(said_of_open_clip("/preprocess_cfg/resize_mode"_key, "stretch") ==
        start + "'preprocess_cfg.resize_mode' \"stretch\"; pipit computes 'shortest', 'squash' and 'longest'");
  CHECK(said_of_open_clip("/preprocess_cfg/interpolation"_key, "nearest") ==
        start + "'preprocess_cfg.interpolation' \"nearest\"; pipit computes 'bicubic' and 'bilinear'");
  CHECK(said_of_open_clip("/preprocess_cfg/mode"_key, "BGR") ==
        start + "'preprocess_cfg.mode' \"BGR\"; pipit computes with 'RGB'");
  CHECK(said_of_open_clip("/preprocess_cfg/std"_key, {0.5, 0, 0.5}) ==
        start + "'preprocess_cfg.std' [0.5,0,0.5]; expected numbers above 0");
  CHECK(said_of_open_clip("/model_cfg/text_cfg"_key, nullptr) ==
        start + "'model_cfg.text_cfg' null; expected an object");
}

TEST_CASE("config: open_clip keys that change nothing are accepted") {
  CHECK(said_of_open_clip("/model_cfg/vision_cfg/patch_dropout"_key, 0.5) == "accepted");
  CHECK(said_of_open_clip("/model_cfg/vision_cfg/ls_init_value"_key, nullptr) == "accepted");
  CHECK(said_of_open_clip("/model_cfg/vision_cfg/timm_pool"_key, "avg") == "accepted");
  CHECK(said_of_open_clip("/model_cfg/vision_cfg/final_ln_after_pool"_key, true) == "accepted");
  CHECK(said_of_open_clip("/model_cfg/init_logit_scale"_key, 2.3) == "accepted");
  CHECK(said_of_open_clip("/model_cfg/text_cfg/tokenizer_kwargs"_key, {{"clean", "lower"}}) == "accepted");
  CHECK(said_of_open_clip("/preprocess_cfg/interpolation"_key, "random") == "accepted");
}

TEST_CASE("config: what is asked of a tower that is not used refuses nothing") {
  CHECK(said_of_open_clip("/model_cfg/text_cfg/hf_tokenizer_name"_key, "bert", {.text = false}) == "accepted");
  CHECK(said_of_open_clip("/model_cfg/vision_cfg/no_ln_pre"_key, true, {.vision = false}) == "accepted");
  CHECK(said_of_model("/text_config/hidden_act"_key, "relu", {.text = false}) == "accepted");
}

TEST_CASE("config: a bare open_clip model config is one too") {
  const Json config = config_of("openclip/open_clip_config.json")["model_cfg"];
  CHECK(said_of("openclip/open_clip_model.safetensors", {{"open_clip_config.json", config.dump()}}) == "accepted");
  CHECK(said_of("openclip/open_clip_model.safetensors", {{"open_clip_config.json", "{}"}}) ==
        "has 'open_clip_config.json' beside it with 'vision_cfg' missing; expected an object");
}

TEST_CASE("config: a Hugging Face key that pipit does not know is refused by name") {
  const std::string start = "has 'config.json' beside it with ";
  CHECK(said_of_model("/rope_theta"_key, 1e4) == start + "'rope_theta' 10000.0; " + kUnknown);
  CHECK(said_of_model("/vision_config/registers"_key, 4) == start + "'vision_config.registers' 4; " + kUnknown);
  CHECK(said_of_model("/text_config/pruned_heads"_key, {{"0", {1}}}) ==
        start + "'text_config.pruned_heads' {\"0\":[1]}; " + kUnsupported);
  CHECK(said_of_model("/vision_config/hidden_act"_key, "gelu_new") ==
        start + "'vision_config.hidden_act' \"gelu_new\"; pipit computes 'quick_gelu' and 'gelu'");
  CHECK(said_of_model("/vision_config/image_size"_key, 16) ==
        start + "'vision_config.image_size' 16; its tensors say 8");
  CHECK(said_of_model("/vision_config/layer_norm_eps"_key, 0) ==
        start + "'vision_config.layer_norm_eps' 0; expected a number above 0");
  CHECK(said_of_model("/vision_config/num_attention_heads"_key, "two") ==
        start + "'vision_config.num_attention_heads' \"two\"; expected a whole number");
  const std::string models =
      "; pipit reads 'clip', 'clip_vision_model' and 'clip_text_model'; if the file is not this model's, put the "
      "weights "
      "into a folder of their own";
  CHECK(said_of_model("/model_type"_key, "chinese_clip") == start + "'model_type' \"chinese_clip\"" + models);
  CHECK(said_of("huggingface/model.safetensors", {{"config.json", "{}"}}) == start + "'model_type' missing" + models);
}

TEST_CASE("config: the old spelling of Hugging Face's towers wins over the new one") {
  CHECK(said_of_model("/vision_config_dict"_key, {{"hidden_act", "relu"}}) ==
        "has 'config.json' beside it with 'vision_config.hidden_act' \"relu\"; pipit computes 'quick_gelu' and 'gelu'");
  CHECK(said_of_model("/vision_config_dict"_key, nullptr) == "accepted");
}

TEST_CASE("config: a picture that Hugging Face would make otherwise is refused by name") {
  const std::string start = "has 'preprocessor_config.json' beside it with ";
  CHECK(said_of_processor("size", 8) == "accepted");
  CHECK(said_of_processor("resample", 1) == start + "'resample' 1; pipit computes 2 (bilinear) and 3 (bicubic)");
  CHECK(said_of_processor("do_resize", false) == start + "'do_resize' false; the vision tower takes pictures of 8x8");
  CHECK(said_of_processor("do_center_crop", false) ==
        start + "'do_center_crop' false; the vision tower takes pictures of 8x8, and 'size' makes others");
  CHECK(said_of_processor("crop_size", {{"height", 16}, {"width", 16}}) ==
        start + "'crop_size' {\"height\":16,\"width\":16}; the vision tower takes pictures of 8x8");
  CHECK(said_of_processor("size", {{"shortest_edge", 6}}) ==
        start + "'size' {\"shortest_edge\":6}; the vision tower takes pictures of 8x8, and does not pad");
  CHECK(said_of_processor("size", {{"longest_edge", 8}}) ==
        start + "'size' {\"longest_edge\":8}; pipit takes the shortest edge, or one number for height and width");
  CHECK(said_of_processor("image_processor_type", "SiglipImageProcessor") ==
        start + "'image_processor_type' \"SiglipImageProcessor\"; pipit computes what 'CLIPImageProcessor' does");
  CHECK(said_of_processor("do_pad", true) == start + "'do_pad' true; " + kUnsupported);
  CHECK(said_of_processor("do_gamma", true) == start + "'do_gamma' true; " + kUnknown);
}

TEST_CASE("config: the image processor of a processor_config.json is read") {
  const Json config = {{"image_processor", {{"crop_size", 8}, {"size", 8}, {"resample", 0}}}};
  CHECK(said_of("huggingface/model.safetensors", {{"processor_config.json", config.dump()}}) ==
        "has 'processor_config.json' beside it with 'image_processor.resample' 0; pipit computes 2 (bilinear) and 3 "
        "(bicubic)");
}
