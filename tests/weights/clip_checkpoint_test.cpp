// Which CLIP a file holds, and what is said of one that holds none, or not the one that was asked for.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "clip_files.h"
#include "pipit/error.h"
#include "pipit/weights/clip_checkpoint.h"
#include "test_file.h"

using pipit::weights::Activation;
using pipit::weights::Checkpoint;
using pipit::weights::ClipCheckpoint;
using pipit::weights::ClipRequest;
using pipit::weights::Head;
using pipit::weights::LinearPatch;
using pipit::weights::WeightState;

namespace {

const std::filesystem::path kData = PIPIT_TEST_DATA;
// The towers of the files that generate.py writes have heads of a width that no rule gives.
const ClipRequest kTwoHeads = {.heads = 2};

ClipCheckpoint resolve(const std::string& name, const ClipRequest& request = kTwoHeads) {
  return resolve_clip(Checkpoint::open(kData / name), request);
}

struct Refusal {
  std::string code;
  std::string message;  // after "weight_path '…' ", where it starts so
};

Refusal refused(const std::filesystem::path& path, const ClipRequest& request = {}) {
  try {
    resolve_clip(Checkpoint::open(path), request);
  } catch (const pipit::Error& error) {
    std::string message = error.what();
    std::string start = "weight_path '" + path.string() + "' ";
    return {error.code(), message.starts_with(start) ? message.substr(start.size()) : message};
  }
  return {"", "accepted"};
}

std::string refusal_of(const Shapes& shapes, const ClipRequest& request = {}) {
  auto file = clip_file(shapes);
  Refusal refusal = refused(file->path(), request);
  if (refusal.message != "accepted") CHECK(refusal.code == "invalid_checkpoint");
  return refusal.message;
}

std::string refusal_of_name(const std::string& model_name) {
  Refusal refusal = refused(kData / "openai.safetensors", {.model_name = model_name});
  CHECK(refusal.code == "invalid_argument");
  return refusal.message;
}

Shapes without(Shapes shapes, const std::string& prefix) {
  std::erase_if(shapes, [&](const auto& entry) { return entry.first.starts_with(prefix); });
  return shapes;
}

Shapes with(Shapes shapes, const Shapes& more) {
  for (const auto& [name, shape] : more) shapes[name] = shape;
  return shapes;
}

std::vector<std::string> names_of(const ClipCheckpoint& clip) {
  std::vector<std::string> names;
  for (const auto& [name, source] : clip.tensors) names.push_back(name);
  return names;
}

std::vector<std::string> names_of(const Shapes& shapes) {
  std::vector<std::string> names;
  for (const auto& [name, shape] : shapes) names.push_back(name);
  return names;
}

// The architecture of generate.py's files.
constexpr ClipSize kTiny = {8, 8, 2, 16, 4, 16, 1, 64, 8};

}  // namespace

TEST_CASE("clip: every layout gives the canonical names") {
  auto canonical = names_of(openai_shapes(kTiny));
  auto check = [&](const std::string& file, const std::string& layout) {
    CAPTURE(file);
    ClipRequest request = file.starts_with("huggingface/") ? ClipRequest{} : kTwoHeads;
    ClipCheckpoint clip = resolve(file, request);
    CHECK(clip.layout == layout);
    CHECK(names_of(clip) == canonical);
    const auto& architecture = clip.architecture;
    CHECK(architecture.name == "ViT width 16 patch 4");
    CHECK(architecture.embed_dim == 8);
    CHECK(architecture.resolution == 8);
    CHECK(architecture.vision.layers == 2);
    CHECK(architecture.vision.mlp == 64);
    CHECK(architecture.text.layers == 1);
    CHECK(architecture.context_length == 8);
    CHECK(architecture.vocab_size == 64);
    CHECK(architecture.head == Head::kMeanP);
    CHECK(architecture.linear_patch == LinearPatch::k2d);
  };
  check("openai.safetensors", "OpenAI");
  check("openai.pth", "OpenAI");
  check("openai_torchscript.pt", "OpenAI");
  check("clip4clip_meanp.bin", "CLIP4Clip");
  check("legacy.pth", "CLIP4Clip");
  check("training.ckpt", "CLIP4Clip");
  check("wrapped.pth", "CLIP4Clip");
  check("huggingface/model.safetensors", "Hugging Face");
  CHECK(names_of(resolve("huggingface_old.bin", {.heads = 2, .activation = Activation::kGelu})) == canonical);
}

TEST_CASE("clip: Hugging Face's query and key and value are one tensor") {
  ClipCheckpoint clip = resolve("huggingface/model.safetensors", {});
  const auto& tensors = clip.file.tensors();
  const auto& weight = clip.tensors.at("visual.transformer.resblocks.1.attn.in_proj_weight");
  REQUIRE(weight.parts.size() == 3);
  CHECK(weight.parts[0].data == tensors.at("vision_model.encoder.layers.1.self_attn.q_proj.weight").data);
  CHECK(weight.parts[1].data == tensors.at("vision_model.encoder.layers.1.self_attn.k_proj.weight").data);
  CHECK(weight.parts[2].data == tensors.at("vision_model.encoder.layers.1.self_attn.v_proj.weight").data);
  CHECK_FALSE(weight.transposed);
  const auto& projection = clip.tensors.at("visual.proj");
  CHECK(projection.transposed);
  CHECK(projection.parts.at(0).shape == std::vector<std::int64_t>{8, 16});
  CHECK(clip.tensors.at("text_projection").transposed);
}

TEST_CASE("clip: the config beside Hugging Face's weights tells heads and activation") {
  ClipCheckpoint clip = resolve("huggingface/model.safetensors", {});
  CHECK(clip.architecture.activation == Activation::kGelu);
  CHECK(clip.architecture.vision.heads == 2);
  CHECK(clip.architecture.text.heads == 4);
  CHECK(clip.assumptions.empty());
  Refusal other = refused(kData / "huggingface/model.safetensors", {.activation = Activation::kQuickGelu});
  CHECK(other.message == "has 'config.json' beside it that says gelu, and activation says quick_gelu");
  CHECK(refused(kData / "huggingface/model.safetensors", {.text = false, .heads = 8}).message ==
        "has 'config.json' beside it that gives the vision tower 2 heads, and heads says 8");
}

TEST_CASE("clip: a config that contradicts the weights is refused") {
  auto config = [](const std::string& text) {
    std::ifstream source(kData / "huggingface/model.safetensors", std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(source)), std::istreambuf_iterator<char>());
    TestFile file(bytes);
    file.write_beside("config.json", text);
    return refused(file.path(), {.heads = 2}).message;
  };
  CHECK(config("{\"model_type\": \"clip\", \"vision_config\": {\"hidden_size\": 1024}}") ==
        "has 'config.json' beside it that says width 1024, and its tensors say 16");
  CHECK(config("{\"model_type\": \"clip\", \"vision_config\": {\"hidden_act\": \"relu\"}}") ==
        "has 'config.json' beside it with 'vision_config.hidden_act' \"relu\"; pipit computes 'quick_gelu' and 'gelu'");
  CHECK(config("{\"model_type\": \"clip\", \"vision_config\": {}, \"text_config\": {\"hidden_act\": \"gelu\"}}") ==
        "has 'config.json' beside it whose towers differ in hidden_act");
  CHECK(config("[1]") == "has 'config.json' beside it that is not a JSON object");
}

TEST_CASE("clip: wrappers around the names are seen through") {
  for (const char* prefix : {"module.", "_orig_mod.", "model.", "clip_model.", "_forward_module.", "module._orig_mod.",
                             "_forward_module.module.model.", "model.clip_model.", "module.clip."}) {
    CAPTURE(prefix);
    CHECK(refusal_of(under(prefix, openai_shapes(kB16)), {.model_name = "clip_vit_b16"}) == "accepted");
  }
  CHECK(refusal_of(with(under("model.", openai_shapes(kDemo)), {{"loss.scale", {1}}})) ==
        "is not a whole CLIP in OpenAI's layout: 1 unexpected: 'loss.scale'");
}

TEST_CASE("clip: averaged weights are told of and can be chosen") {
  const Checkpoint usual = Checkpoint::open(kData / "averaged.ckpt");
  CHECK(usual.averaged() == std::vector<std::string>{"state_dict_ema"});
  CHECK(usual.state() == WeightState::kModel);
  CHECK(usual.tensors().contains("module._orig_mod.visual.proj"));
  const Checkpoint mean = Checkpoint::open(kData / "averaged.ckpt", {.state = WeightState::kAveraged});
  CHECK(mean.averaged().empty());
  CHECK(mean.state() == WeightState::kAveraged);
  CHECK(mean.tensors().contains("module.visual.proj"));
  const auto first_bytes = [](const Checkpoint& file) {
    const auto clip = resolve_clip(file, {.heads = 2});
    const auto* bytes = clip.tensors.at("visual.proj").parts.front().data;
    return std::vector<std::byte>(bytes, bytes + 16);
  };
  CHECK(first_bytes(usual) != first_bytes(mean));
}

TEST_CASE("clip: averaged weights that are not there or are alone are told") {
  const auto said_of = [](const char* name, WeightState state) -> std::string {
    try {
      Checkpoint::open(kData / name, {.state = state});
    } catch (const pipit::Error& error) {
      return std::string(error.what()).substr(("weight_path '" + (kData / name).string() + "' ").size());
    }
    return "accepted";
  };
  const std::string none =
      "holds no averaged weights ('state_dict_ema', 'model_ema', 'ema' or their like), and state says ema; leave it "
      "out";
  CHECK(said_of("openai.pth", WeightState::kAveraged) == none);
  CHECK(said_of("openai.safetensors", WeightState::kAveraged) == none);
  CHECK(said_of("huggingface_sharded", WeightState::kAveraged) == none);
  CHECK(said_of("averaged_only.ckpt", WeightState::kModel) ==
        "holds averaged weights only, as 'model_ema'; state: ema takes them");
  CHECK(said_of("averaged_only.ckpt", WeightState::kAveraged) == "accepted");
}

TEST_CASE("clip: a Hugging Face file of one tower serves that tower") {
  ClipCheckpoint vision = resolve("huggingface_vision/model.safetensors", {.text = false});
  CHECK(vision.architecture.has_vision);
  CHECK_FALSE(vision.architecture.has_text);
  CHECK(vision.architecture.name == "ViT width 16 patch 4");
  CHECK(vision.architecture.activation == Activation::kGelu);
  ClipCheckpoint text = resolve("huggingface_text/model.safetensors", {.vision = false});
  CHECK_FALSE(text.architecture.has_vision);
  CHECK(text.architecture.text.heads == 4);
  CHECK(text.architecture.name == "text tower width 16");
  CHECK(refused(kData / "huggingface_vision/model.safetensors").message ==
        "holds a vision tower only, and a text tower is needed");
  CHECK(refused(kData / "huggingface_text/model.safetensors", {.text = false}).message ==
        "holds a text tower only, and a vision tower is needed");
}

TEST_CASE("clip: a model folder in shards is one model") {
  ClipCheckpoint clip = resolve("huggingface_sharded", {});
  CHECK(clip.layout == "Hugging Face");
  CHECK(clip.architecture.activation == Activation::kGelu);
  CHECK(names_of(clip) == names_of(openai_shapes(kTiny)));
  CHECK(resolve("huggingface_sharded/model.safetensors.index.json", {}).architecture.text.heads == 4);
}

TEST_CASE("clip: the config beside OpenCLIP's weights tells heads and activation") {
  for (const char* path : {"openclip", "openclip/open_clip_model.safetensors"}) {
    ClipCheckpoint clip = resolve(path, {});
    CHECK(clip.architecture.activation == Activation::kGelu);
    CHECK(clip.architecture.vision.heads == 4);
    CHECK(clip.architecture.text.heads == 2);
    CHECK(clip.assumptions.empty());
  }
  CHECK(refused(kData / "openclip", {.activation = Activation::kQuickGelu}).message ==
        "has 'open_clip_config.json' beside it that says gelu, and activation says quick_gelu");
}

TEST_CASE("clip: the head is inferred from its tensors") {
  ClipCheckpoint lstm = resolve("clip4clip_seqlstm.bin");
  CHECK(lstm.architecture.head == Head::kSeqLstm);
  CHECK(lstm.tensors.contains("lstm_visual.weight_hh_l0"));
  CHECK_FALSE(lstm.tensors.contains("frame_position_embeddings.weight"));
  ClipCheckpoint transformer = resolve("clip4clip_seqtransf.bin");
  CHECK(transformer.architecture.head == Head::kSeqTransf);
  CHECK(transformer.architecture.head_layers == 2);
  CHECK(transformer.tensors.contains("transformerClip.resblocks.1.mlp.c_proj.bias"));
  CHECK(transformer.tensors.contains("frame_position_embeddings.weight"));
  ClipCheckpoint adapter = resolve("mmaction2_adapter.pth");
  CHECK(adapter.layout == "CLIP4Clip");
  CHECK(adapter.architecture.head == Head::kTransformerAdapter);
  CHECK(adapter.architecture.head_layers == 2);
  CHECK(adapter.tensors.contains("adapter.transformer.resblocks.1.ln_2.bias"));
  CHECK(adapter.tensors.at("adapter.positional_embedding").parts.at(0).shape == std::vector<std::int64_t>{12, 8});
}

TEST_CASE("clip: a head that is there in part is refused") {
  Shapes clip4clip = under("clip.", openai_shapes(kDemo));
  std::string message = refusal_of(with(clip4clip, {{"adapter.positional_embedding", {12, 128}}}));
  CHECK(
      message.starts_with("is not a whole CLIP in CLIP4Clip's layout: 12 missing: "
                          "'adapter.transformer.resblocks.0.ln_1.weight', "));
}

TEST_CASE("clip: 3d patches leave the 2d ones in the file") {
  ClipCheckpoint clip = resolve("clip4clip_3d.bin");
  CHECK(clip.architecture.linear_patch == LinearPatch::k3d);
  CHECK(clip.architecture.patch == 4);
  CHECK(clip.tensors.contains("visual.conv2.weight"));
  CHECK_FALSE(clip.tensors.contains("visual.conv1.weight"));
}

TEST_CASE("clip: the named architectures are inferred") {
  auto name = [](const ClipSize& size) {
    auto file = clip_file(under("clip.", openai_shapes(size)));
    auto clip = resolve_clip(Checkpoint::open(file->path()));
    CHECK(clip.architecture.vision.heads == size.vision_width / 64);
    CHECK(clip.architecture.text.heads == size.text_width / 64);
    CHECK(clip.architecture.resolution == size.resolution);
    CHECK(clip.assumptions ==
          std::vector<std::string>{"activation quick_gelu is assumed, as in OpenAI's models; the file does not tell"});
    return clip.architecture.name;
  };
  CHECK(name(kB32) == "clip_vit_b32");
  CHECK(name(kB16) == "clip_vit_b16");
  CHECK(name(kL14) == "clip_vit_l14");
  CHECK(name(kL14At336) == "clip_vit_l14@336px");
}

TEST_CASE("clip: a small CLIP of its own shape is inferred") {
  auto file = clip_file(under("clip.", openai_shapes(kDemo)));
  auto clip = resolve_clip(Checkpoint::open(file->path()));
  CHECK(clip.layout == "CLIP4Clip");
  CHECK(clip.architecture.name == "ViT width 128 patch 16");
  CHECK(clip.architecture.embed_dim == 128);
  CHECK(clip.architecture.resolution == 112);
  CHECK(clip.architecture.vision.heads == 2);
  CHECK(clip.architecture.text.heads == 2);
  CHECK(clip.assumptions ==
        std::vector<std::string>{"activation quick_gelu is assumed, as in OpenAI's models; the file does not tell",
                                 "2 heads of the vision tower are assumed, width/64",
                                 "2 heads of the text tower are assumed, width/64"});
}

TEST_CASE("clip: a name that the file agrees with is accepted") {
  CHECK(refusal_of(openai_shapes(kB32), {.model_name = "clip_vit_b32"}) == "accepted");
  CHECK(refusal_of(openai_shapes(kL14At336), {.model_name = "clip_vit_l14@336px"}) == "accepted");
  CHECK(refusal_of(openai_shapes(kL14At336), {.model_name = "clip_vit_l14_336"}) == "accepted");
  CHECK(refusal_of(under("module.clip.", openai_shapes(kB16)), {.model_name = "clip_vit_b16"}) == "accepted");
}

TEST_CASE("clip: a name that the file contradicts is refused with what the file is") {
  CHECK(refusal_of(openai_shapes(kB16), {.model_name = "clip_vit_b32"}) ==
        "holds clip_vit_b16 (patch 16, 197 positions), model_name says clip_vit_b32");
  CHECK(refusal_of(under("clip.", openai_shapes(kL14)), {.model_name = "clip_vit_b32"}) ==
        "holds clip_vit_l14 (embed 768, vision width 1024, patch 14, 257 positions, text width 768), model_name says "
        "clip_vit_b32");
  CHECK(refusal_of(openai_shapes(kL14), {.model_name = "clip_vit_l14@336px"}) ==
        "holds clip_vit_l14 (257 positions), model_name says clip_vit_l14@336px");
  CHECK(refusal_of(openai_shapes(kDemo), {.model_name = "clip_vit_b16"}) ==
        "holds ViT width 128 patch 16 (embed 128, vision width 128, 50 positions, text width 128), model_name says "
        "clip_vit_b16");
  CHECK(
      refused(kData / "huggingface_text/model.safetensors", {.model_name = "clip_vit_b16", .vision = false}).message ==
      "holds text tower width 16 (embed 8, text width 16), model_name says clip_vit_b16");
}

TEST_CASE("clip: every missing and unexpected and misshapen tensor is listed") {
  Shapes shapes = under("clip.", openai_shapes(kB32));
  shapes.erase("clip.visual.proj");
  shapes.erase("clip.transformer.resblocks.3.ln_2.bias");
  shapes["clip.visual.conv9.weight"] = {3};
  shapes["loss.scale"] = {};
  shapes["clip.visual.ln_pre.bias"] = {767};
  shapes["clip.ln_final.weight"] = {512, 1};
  CHECK(refusal_of(shapes) ==
        "is not a whole CLIP in CLIP4Clip's layout: "
        "2 missing: 'clip.visual.proj', 'clip.transformer.resblocks.3.ln_2.bias'; "
        "2 unexpected: 'clip.visual.conv9.weight', 'loss.scale'; "
        "2 wrong: 'clip.visual.ln_pre.bias' is [767], expected [768], 'clip.ln_final.weight' is [512, 1], expected "
        "[512]");
  CHECK(refusal_of(shapes, {.model_name = "clip_vit_b32"})
            .starts_with("is not a whole clip_vit_b32 in CLIP4Clip's layout: "));
}

TEST_CASE("clip: a size that one tensor alone tells is measured by the name") {
  Shapes shapes = openai_shapes(kB32);
  shapes["visual.conv1.weight"] = {768, 3, 31, 31};
  CHECK(refusal_of(shapes, {.model_name = "clip_vit_b32"}) ==
        "is not a whole clip_vit_b32 in OpenAI's layout: 1 wrong: 'visual.conv1.weight' is [768, 3, 31, 31], expected "
        "[768, "
        "3, 32, 32]");
  shapes["visual.conv1.weight"] = {768, 3, 32, 32};
  shapes["visual.positional_embedding"] = {51, 768};
  CHECK(refusal_of(shapes) ==
        "is not a whole CLIP in OpenAI's layout: 1 wrong: 'visual.positional_embedding' is [51, 768], where one more "
        "than a "
        "square was expected");
}

TEST_CASE("clip: a named model misses its missing layers") {
  Shapes shapes = without(openai_shapes(kB32), "visual.transformer.resblocks.11.");
  std::string message = refusal_of(shapes, {.model_name = "clip_vit_b32"});
  CHECK(
      message.starts_with("is not a whole clip_vit_b32 in OpenAI's layout: 12 missing: "
                          "'visual.transformer.resblocks.11.ln_1.weight', "));
  CHECK(refusal_of(without(openai_shapes(kDemo), "visual.transformer.resblocks.2."))
            .starts_with(
                "is not a whole CLIP in OpenAI's layout: 12 missing: 'visual.transformer.resblocks.2.ln_1.weight'"));
  CHECK(refusal_of(without(openai_shapes(kDemo), "visual.transformer."))
            .starts_with(
                "is not a whole CLIP in OpenAI's layout: 12 missing: 'visual.transformer.resblocks.0.ln_1.weight'"));
}

TEST_CASE("clip: an absurd layer number is an unexpected name") {
  Shapes shapes = with(openai_shapes(kDemo), {{"transformer.resblocks.99999999.ln_1.weight", {128}}});
  CHECK(refusal_of(shapes) ==
        "is not a whole CLIP in OpenAI's layout: 1 unexpected: 'transformer.resblocks.99999999.ln_1.weight'");
}

TEST_CASE("clip: a tower that is wanted and only there in part is refused") {
  CHECK(refusal_of(without(openai_shapes(kDemo), "visual."), {.vision = false}) == "accepted");
  CHECK(refusal_of(without(openai_shapes(kDemo), "token_embedding."), {.text = false}) ==
        "is not a whole CLIP in OpenAI's layout: 1 missing: 'token_embedding.weight'");
}

TEST_CASE("clip: integer weights are refused") {
  auto file = clip_file(openai_shapes(kDemo), {{"visual.proj", "I8"}});
  CHECK(refused(file->path()).message ==
        "is not a whole CLIP in OpenAI's layout: 1 wrong: 'visual.proj' is of int8, expected a float type");
}

TEST_CASE("clip: legal leftovers are ignored") {
  CHECK(refusal_of(with(openai_shapes(kDemo),
                        {{"input_resolution", {}}, {"context_length", {}}, {"vocab_size", {}}})) == "accepted");
  CHECK(refusal_of(with(openai_shapes(kDemo), {{"visual.input_resolution", {}}})) ==
        "is not a whole CLIP in OpenAI's layout: 1 unexpected: 'visual.input_resolution'");
}

TEST_CASE("clip: extra tensors that the request names are ignored") {
  Shapes shapes = with(openai_shapes(kDemo), {{"loss.scale", {}}, {"loss.bias", {3}}, {"ema.decay", {}}});
  CHECK(refusal_of(shapes) ==
        "is not a whole CLIP in OpenAI's layout: 3 unexpected: 'ema.decay', 'loss.bias', 'loss.scale'");
  CHECK(refusal_of(shapes, {.ignore = {"loss.*"}}) ==
        "is not a whole CLIP in OpenAI's layout: 1 unexpected: 'ema.decay'");
  CHECK(refusal_of(shapes, {.ignore = {"loss.*", "ema.?ecay"}}) == "accepted");
  CHECK(refusal_of(without(shapes, "visual.proj"), {.ignore = {"*"}}) ==
        "is not a whole CLIP in OpenAI's layout: 1 missing: 'visual.proj'");
}

TEST_CASE("clip: models that pipit does not run are refused by name") {
  Shapes clip4clip = under("clip.", openai_shapes(kDemo));
  CHECK(refusal_of(with(clip4clip, {{"cross.pooler.dense.weight", {128, 128}}})) ==
        "has 'cross.pooler.dense.weight', of a tightTransf head, which scores pairs of a video and a sentence and "
        "gives no "
        "vector; use a checkpoint with a meanP, seqLSTM or seqTransf head");
  CHECK(refusal_of(with(clip4clip, {{"similarity_dense.bias", {1}}}))
            .starts_with("has 'similarity_dense.bias', of a tightTransf head"));
  CHECK(refusal_of({{"visual.layer1.0.conv1.weight", {64, 64, 1, 1}}, {"token_embedding.weight", {49408, 512}}}) ==
        "has 'visual.layer1.0.conv1.weight', of a ResNet CLIP, and pipit runs the ViT ones");
  CHECK(refusal_of({{"base_model.model.text_model.q_proj.lora_A.weight", {8, 512}}}) ==
        "has 'base_model.model.text_model.q_proj.lora_A.weight', of a LoRA adapter, not the model; put the model's "
        "file in weight_path and the adapter's folder in adapter_path");
  CHECK(refusal_of({{"bert.embeddings.word_embeddings.weight", {30522, 768}}, {"bert.pooler.dense.bias", {768}}}) ==
        "holds no CLIP: expected names such as 'visual.…', 'clip.visual.…' or 'vision_model.…', found "
        "'bert.embeddings.word_embeddings.weight', 'bert.pooler.dense.bias'");
}

TEST_CASE("clip: an unusual width needs its number of heads") {
  Shapes huge = openai_shapes({1024, 224, 1, 1280, 14, 1024, 1});
  CHECK(refusal_of(huge) ==
        "has a vision tower of width 1280, whose number of heads shapes do not show; give it as heads, or put the "
        "model's "
        "config.json beside the file");
  CHECK(refusal_of(huge, {.heads = 16}) == "accepted");
  CHECK(refusal_of(huge, {.vision = false}) == "accepted");
  CHECK(refusal_of(huge, {.text = false, .heads = 7}) ==
        "has a vision tower of width 1280, which 7 heads do not divide");
  CHECK(refusal_of(openai_shapes({64, 32, 1, 96, 16, 64, 1}), {.text = false})
            .starts_with("has a vision tower of width 96, whose number of heads"));
}

TEST_CASE("clip: arguments tell what the file does not") {
  ClipCheckpoint clip = resolve("openai.pth", {.heads = 4, .activation = Activation::kGelu});
  CHECK(clip.architecture.activation == Activation::kGelu);
  CHECK(clip.architecture.vision.heads == 4);
  CHECK(clip.assumptions.empty());
}

TEST_CASE("model name: what is not an architecture has its own message") {
  CHECK(refusal_of_name("/x/y.pth") ==
        "model_name names an architecture, got a path '/x/y.pth'; put it in weight_path");
  CHECK(refusal_of_name("b32.safetensors") ==
        "model_name names an architecture, got a path 'b32.safetensors'; put it in weight_path");
  CHECK(
      refusal_of_name("openai/clip-vit-base-patch32") ==
      "model_name names an architecture, got the hub name 'openai/clip-vit-base-patch32'; pipit downloads nothing: put "
      "the downloaded weights in weight_path");
  CHECK(refusal_of_name("clip_vit_b23") ==
        "model_name 'clip_vit_b23' is not an architecture; did you mean 'clip_vit_b32'? known: auto, clip_vit_b32, "
        "clip_vit_b16, clip_vit_l14, clip_vit_l14@336px");
  CHECK(refusal_of_name("resnet") ==
        "model_name 'resnet' is not an architecture; known: auto, clip_vit_b32, clip_vit_b16, clip_vit_l14, "
        "clip_vit_l14@336px");
  CHECK(refusal_of_name("clip_resnet_r50") ==
        "model_name 'clip_resnet_r50' is a ResNet, and pipit runs the ViT ones: auto, clip_vit_b32, clip_vit_b16, "
        "clip_vit_l14, clip_vit_l14@336px");
  CHECK(refusal_of_name("").starts_with("model_name '' is not an architecture; known: "));
}
