#include "weights/config/clip_config.h"

#include <cmath>

#include "weights/config/config_reader.h"
#include "weights/config/picture_config.h"
#include "weights/files/fault.h"
#include "weights/files/json_file.h"

namespace pipit::weights {
namespace {

using Json = nlohmann::json;

constexpr double kEpsilon = 1e-5;
constexpr std::int64_t kVocabulary = 49408;
constexpr std::int64_t kEndOfText = 49407;

std::optional<Json> read_if_there(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return std::nullopt;
  return read_json_object(path);
}

double read_epsilon(ConfigReader& config, const std::string& key) {
  const double epsilon = config.number(key, kEpsilon);
  if (!(epsilon > 0) || !std::isfinite(epsilon)) config.refuse(key, "expected a number above 0");
  return epsilon;
}

// What any of transformers' configs may have: how a model was trained, saved and called, and how texts are generated.
// Sizes are told by the tensors.
constexpr std::string_view kHuggingFaceIgnored[] = {"_attn_implementation",
                                                    "_attn_implementation_autoset",
                                                    "_commit_hash",
                                                    "_name_or_path",
                                                    "add_cross_attention",
                                                    "architectures",
                                                    "attention_dropout",
                                                    "attn_implementation",
                                                    "bad_words_ids",
                                                    "begin_suppress_tokens",
                                                    "bos_token_id",
                                                    "chunk_size_feed_forward",
                                                    "cross_attention_hidden_size",
                                                    "decoder_start_token_id",
                                                    "diversity_penalty",
                                                    "do_sample",
                                                    "dropout",
                                                    "dtype",
                                                    "early_stopping",
                                                    "encoder_no_repeat_ngram_size",
                                                    "exponential_decay_length_penalty",
                                                    "finetuning_task",
                                                    "forced_bos_token_id",
                                                    "forced_eos_token_id",
                                                    "gradient_checkpointing",
                                                    "id2label",
                                                    "initializer_factor",
                                                    "initializer_range",
                                                    "intermediate_size",
                                                    "is_decoder",
                                                    "is_encoder_decoder",
                                                    "label2id",
                                                    "length_penalty",
                                                    "logit_scale_init_value",
                                                    "max_length",
                                                    "max_position_embeddings",
                                                    "min_length",
                                                    "no_repeat_ngram_size",
                                                    "num_beam_groups",
                                                    "num_beams",
                                                    "num_channels",
                                                    "num_hidden_layers",
                                                    "num_return_sequences",
                                                    "output_attentions",
                                                    "output_hidden_states",
                                                    "output_scores",
                                                    "pad_token_id",
                                                    "patch_size",
                                                    "prefix",
                                                    "problem_type",
                                                    "projection_dim",
                                                    "quantization_config",
                                                    "remove_invalid_values",
                                                    "repetition_penalty",
                                                    "return_dict",
                                                    "return_dict_in_generate",
                                                    "sep_token_id",
                                                    "suppress_tokens",
                                                    "task_specific_params",
                                                    "temperature",
                                                    "tf_legacy_loss",
                                                    "tie_encoder_decoder",
                                                    "tie_word_embeddings",
                                                    "tokenizer_class",
                                                    "top_k",
                                                    "top_p",
                                                    "torch_dtype",
                                                    "torchscript",
                                                    "transformers_version",
                                                    "typical_p",
                                                    "use_bfloat16",
                                                    "use_cache",
                                                    "vocab_size"};

Activation read_activation(ConfigReader& tower) {
  const std::string name = tower.text("hidden_act", "quick_gelu");
  if (name == "quick_gelu") return Activation::kQuickGelu;
  if (name == "gelu") return Activation::kGelu;
  tower.refuse("hidden_act", "pipit computes 'quick_gelu' and 'gelu'");
}

// One of Hugging Face's towers. What is left out has the default of transformers' CLIPVisionConfig and CLIPTextConfig.
struct TowerRead {
  Activation activation;
  TowerConfig sizes;
};

TowerRead read_tower(ConfigReader& tower, const TowerConfig& defaults, const char* type, double& epsilon) {
  if (tower.text("model_type", type) != type) tower.refuse("model_type", fmt::format("expected '{}'", type));
  const Activation activation = read_activation(tower);
  epsilon = read_epsilon(tower, "layer_norm_eps");
  const TowerConfig sizes = {tower.integer("hidden_size", defaults.width),
                             tower.integer("num_attention_heads", defaults.heads)};
  tower.require_off({"pruned_heads"});
  tower.ignore(kHuggingFaceIgnored);
  return {activation, sizes};
}

TowerRead read_vision_tower(ConfigReader& tower, const ConfigUse& use, ClipVariant& variant) {
  TowerRead read = read_tower(tower, {768, 12}, "clip_vision_model", variant.vision_epsilon);
  if (tower.integer("image_size", use.resolution) != use.resolution) {
    tower.refuse("image_size", fmt::format("its tensors say {}", use.resolution));
  }
  tower.refuse_rest();
  return read;
}

TowerRead read_text_tower(ConfigReader& tower, const ConfigUse& use, ClipVariant& variant) {
  TowerRead read = read_tower(tower, {512, 8}, "clip_text_model", variant.text_epsilon);
  // With 2, transformers takes the highest token, which is the same.
  const std::int64_t end = tower.integer("eos_token_id", kEndOfText);
  if (use.vocabulary == kVocabulary && end != 2 && end != kEndOfText) {
    tower.refuse("eos_token_id", fmt::format("CLIP's tokenizer ends a text with {}", kEndOfText));
  }
  tower.refuse_rest();
  return read;
}

// transformers lets the values of `text_config_dict` and its defaults win over those of `text_config`.
void adopt_old_spelling(Json& config, const std::string& key) {
  const auto old = config.find(key + "_dict");
  if (old == config.end() || !old->is_object()) return;
  Json& tower = config[key];
  if (!tower.is_object()) tower = Json::object();
  for (const char* name : {"hidden_act", "layer_norm_eps", "hidden_size", "num_attention_heads", "image_size"}) {
    tower.erase(name);
  }
  tower.update(*old);
  config.erase(key + "_dict");
}

std::optional<PictureRule> read_processor(const std::filesystem::path& folder, std::int64_t resolution) {
  // The newer file first, as transformers does.
  if (const auto config = read_if_there(folder / "processor_config.json")) {
    ConfigReader reader("processor_config.json", *config);
    if (auto picture = reader.object("image_processor")) return read_hugging_face_picture(*picture, resolution);
  }
  if (const auto config = read_if_there(folder / "preprocessor_config.json")) {
    return read_hugging_face_picture({"preprocessor_config.json", *config}, resolution);
  }
  return std::nullopt;
}

void read_model(Json& config, const ConfigUse& use, ClipConfig& result) {
  ConfigReader root("config.json", config);
  const std::string type = root.text("model_type", "");
  const bool both = type == "clip";
  if (!both && type != "clip_vision_model" && type != "clip_text_model") {
    root.refuse(
        "model_type",
        "pipit reads 'clip', 'clip_vision_model' and 'clip_text_model'; if the file is not this model's, put the "
        "weights into a folder of their own");
  }
  std::optional<TowerRead> vision;
  std::optional<TowerRead> text;
  if (both) {
    adopt_old_spelling(config, "vision_config");
    adopt_old_spelling(config, "text_config");
    auto vision_config = root.object("vision_config");
    auto text_config = root.object("text_config");
    if (vision_config && use.vision) vision = read_vision_tower(*vision_config, use, result.variant);
    if (text_config && use.text) text = read_text_tower(*text_config, use, result.variant);
    root.ignore(kHuggingFaceIgnored);
    root.ignore({"eos_token_id"});
    root.refuse_rest();
  } else if (type == "clip_vision_model") {
    if (use.vision) vision = read_vision_tower(root, use, result.variant);
  } else if (use.text) {
    text = read_text_tower(root, use, result.variant);
  }
  if (vision && text && vision->activation != text->activation) {
    fail("has 'config.json' beside it whose towers differ in hidden_act");
  }
  if (vision) result.vision = vision->sizes;
  if (text) result.text = text->sizes;
  if (vision || text) result.activation = (vision ? vision : text)->activation;
}

// Keys that OpenCLIP's two towers have in common.
double read_open_clip_tower(ConfigReader& tower) {
  double epsilon = kEpsilon;
  if (auto norm = tower.object("norm_kwargs")) {
    epsilon = read_epsilon(*norm, "eps");
    norm->refuse_rest();
  }
  if (const std::string type = tower.text("block_type", "default"); type != "default" && type != "custom") {
    tower.refuse("block_type", "pipit computes 'default' blocks");
  }
  tower.require_off({"ls_init_value", "act_kwargs", "qk_norm", "scaled_cosine_attn", "scale_heads", "scale_attn_inner",
                     "scale_attn", "scale_fc"});
  tower.ignore({"layers", "mlp_ratio", "output_tokens"});
  return epsilon;
}

TowerConfig read_open_clip_vision(ConfigReader& tower, const ConfigUse& use, ClipVariant& variant) {
  variant.vision_epsilon = read_open_clip_tower(tower);
  const std::int64_t width = tower.integer("width", 768);
  const std::int64_t head_width = tower.integer("head_width", 64);
  if (head_width <= 0) tower.refuse("head_width", "expected a number above 0");
  const std::string pool = tower.text("pool_type", "tok");
  if (pool != "tok" && pool != "avg") tower.refuse("pool_type", "pipit computes 'tok' and 'avg'");
  variant.vision_pool = pool == "avg" ? VisionPool::kAverage : VisionPool::kClassToken;
  // For one position it makes no difference.
  variant.norm_after_pool = tower.boolean("final_ln_after_pool", false) && pool == "avg";
  if (const Json* size = tower.find("image_size")) {
    const Json square = Json::array({use.resolution, use.resolution});
    if (*size != use.resolution && *size != square) {
      tower.refuse("image_size", fmt::format("its tensors say {}", use.resolution));
    }
  }
  tower.require_off({"attentional_pool", "no_ln_pre", "timm_model_name"});
  // The positions are in the file, however they were made.
  tower.ignore({"patch_size", "patch_dropout", "pos_embed_type", "attn_pooler_queries", "attn_pooler_heads",
                "timm_model_pretrained", "timm_pool", "timm_proj", "timm_proj_bias", "timm_drop", "timm_drop_path"});
  tower.refuse_rest();
  return {width, width / head_width};
}

TextPool read_text_pool(ConfigReader& tower) {
  const std::string pool = tower.text("pool_type", "argmax");
  const std::int64_t end = tower.integer("eos_id", 2);
  if (pool == "argmax") return TextPool::kEndOfText;
  if (pool == "first") return TextPool::kFirst;
  if (pool == "last") return TextPool::kLast;
  if (pool == "eos" && end == kEndOfText) return TextPool::kEndOfText;
  tower.refuse("pool_type",
               fmt::format("pipit computes 'argmax', 'first', 'last', and 'eos' with eos_id {}", kEndOfText));
}

TowerConfig read_open_clip_text(ConfigReader& tower, ClipVariant& variant) {
  variant.text_epsilon = read_open_clip_tower(tower);
  variant.text_pool = read_text_pool(tower);
  variant.causal = !tower.boolean("no_causal_mask", false);
  if (auto tokenizer = tower.object("tokenizer_kwargs")) {
    if (tokenizer->text("clean", "lower") != "lower") tokenizer->refuse("clean", "pipit's tokenizer cleans as 'lower'");
    tokenizer->refuse_rest();
  }
  if (tower.text("proj_type", "linear") != "linear") tower.refuse("proj_type", "pipit computes 'linear'");
  tower.require_off({"hf_tokenizer_name", "tokenizer_mode", "embed_cls", "proj_bias", "hf_model_name"});
  // A text's padding is looked at by no mask; open_clip reads final_ln_after_pool and does nothing with it.
  tower.ignore({"context_length", "vocab_size", "pad_id", "final_ln_after_pool", "hf_model_pretrained", "hf_proj_type",
                "hf_pooler_type"});
  const TowerConfig sizes = {tower.integer("width", 512), tower.integer("heads", 8)};
  tower.refuse_rest();
  return sizes;
}

}  // namespace

std::string_view activation_name(Activation activation) {
  return activation == Activation::kQuickGelu ? "quick_gelu" : "gelu";
}

std::optional<ClipConfig> read_hugging_face_config(const std::filesystem::path& folder, const ConfigUse& use) {
  std::optional<ClipConfig> result;
  if (auto config = read_if_there(folder / "config.json")) {
    result = ClipConfig{"'config.json' beside it"};
    read_model(*config, use, *result);
  }
  if (!use.vision) return result;
  if (const auto picture = read_processor(folder, use.resolution)) {
    if (!result) result = ClipConfig{"'preprocessor_config.json' beside it"};
    result->variant.picture = *picture;
  }
  return result;
}

std::optional<ClipConfig> read_open_clip_config(const std::filesystem::path& folder, const ConfigUse& use) {
  const auto config = read_if_there(folder / "open_clip_config.json");
  if (!config) return std::nullopt;
  ConfigReader root("open_clip_config.json", *config);
  // open_clip's own table of models has what `model_cfg` holds without anything around it.
  auto model = root.object("model_cfg");
  const bool bare = !model;
  ConfigReader& settings = bare ? root : *model;
  auto vision = settings.object("vision_cfg");
  auto text = settings.object("text_cfg");
  if (!vision) settings.refuse("vision_cfg", "expected an object");
  if (!text) settings.refuse("text_cfg", "expected an object");
  ClipConfig result{"'open_clip_config.json' beside it"};
  result.activation = settings.boolean("quick_gelu", false) ? Activation::kQuickGelu : Activation::kGelu;
  if (use.vision) result.vision = read_open_clip_vision(*vision, use, result.variant);
  if (use.text) result.text = read_open_clip_text(*text, result.variant);
  settings.ignore({"embed_dim", "custom_text", "cast_dtype", "init_logit_scale", "init_logit_bias",
                   "nonscalar_logit_scale", "output_dict"});
  auto pixels = root.object("preprocess_cfg");
  if (pixels && use.vision) result.variant.picture = read_open_clip_picture(*pixels, use.resolution);
  settings.refuse_rest();
  if (!bare) root.refuse_rest();
  return result;
}

}  // namespace pipit::weights
