// What a checkpoint is, seen as a CLIP: its architecture, and its tensors under one set of names.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipit/weights/checkpoint.h"
#include "pipit/weights/export.h"
#include "pipit/weights/quantization.h"

namespace pipit::weights {

enum class Activation { kQuickGelu, kGelu };
enum class Head { kMeanP, kSeqLstm, kSeqTransf, kTransformerAdapter };
/// "meanP", "seqLSTM", "seqTransf", "TransformerAdapter".
PIPIT_WEIGHTS_EXPORT std::string_view head_name(Head head);
enum class LinearPatch { k2d, k3d };

enum class Resize {
  kShortest,  // the short side becomes `side`, and the centre square is cut out
  kSquash,    // both sides become `side`, whatever the shape, and the centre square is cut out
  kLongest    // the long side becomes the model's resolution, and what is missing of the square is filled
};
enum class Interpolation { kBicubic, kBilinear };

/// From a frame to the numbers that the vision tower takes; the defaults are CLIP's.
struct PictureRule {
  Resize resize = Resize::kShortest;
  std::int64_t side = 0;  // 0: the model's resolution
  Interpolation interpolation = Interpolation::kBicubic;
  std::array<std::uint8_t, 3> fill = {0, 0, 0};
  double factor = 1.0 / 255;  // of each byte, before the mean is taken off
  std::array<double, 3> mean = {0.48145466, 0.4578275, 0.40821073};
  std::array<double, 3> deviation = {0.26862954, 0.26130258, 0.27577711};

  friend bool operator==(const PictureRule&, const PictureRule&) = default;
};

enum class VisionPool { kClassToken, kAverage };
enum class TextPool { kEndOfText, kFirst, kLast };

/// How a model differs from the ordinary CLIP in what no tensor shows. With `causal` off, or the last position as the
/// text's, a sentence is padded with zeros to the model's context.
struct ClipVariant {
  PictureRule picture = {};
  VisionPool vision_pool = VisionPool::kClassToken;
  bool norm_after_pool = false;  // else each position is normalized before they are pooled
  double vision_epsilon = 1e-5;  // of the layer norms
  TextPool text_pool = TextPool::kEndOfText;
  bool causal = true;
  double text_epsilon = 1e-5;

  friend bool operator==(const ClipVariant&, const ClipVariant&) = default;
};

/// The differences as JSON, {"resize":"squash","causal":false}; empty for the ordinary CLIP.
PIPIT_WEIGHTS_EXPORT std::string describe_variant(const ClipVariant& variant);

struct Tower {
  std::int64_t width = 0;
  std::int64_t layers = 0;
  std::int64_t heads = 0;  // 0 where nothing tells and the tower is not asked for
  std::int64_t mlp = 0;    // width inside the blocks' feed-forward part
};

struct ClipArchitecture {
  std::string name;  // "clip_vit_b32", …, or a description such as "ViT width 128 patch 16" for one that has no name
  std::int64_t embed_dim = 0;
  bool has_vision = false;
  bool has_text = false;
  Tower vision;
  std::int64_t patch = 0;
  std::int64_t resolution = 0;
  Tower text;
  std::int64_t context_length = 0;
  std::int64_t vocab_size = 0;
  Activation activation = Activation::kQuickGelu;
  Head head = Head::kMeanP;
  std::int64_t head_layers = 0;
  LinearPatch linear_patch = LinearPatch::k2d;
  ClipVariant variant = {};
};

/// The names that `model_name` may take, "auto" first; for messages and signatures.
PIPIT_WEIGHTS_EXPORT const std::vector<std::string>& clip_model_names();

/// What the integers of a quantised weight mean; see Quantization.
struct Scales {
  TensorView scale;
  std::optional<TensorView> zero = {};  // 4 bits only
};

/// One canonical tensor: parts joined along dimension 0 (Hugging Face keeps query, key and value apart), then
/// transposed if asked.
struct Source {
  std::vector<TensorView> parts;
  bool transposed = false;
  /// Of a quantised weight, whose one part is int8 [out, in] or uint8 [out, in/2], contiguous and not transposed.
  std::optional<Scales> scales = {};
};

struct ClipRequest {
  std::string model_name = "auto";
  bool vision = true;  // towers that will be used; a file without one that is asked for is an error
  bool text = true;
  std::optional<std::int64_t> heads = {};     // of the towers that will be used, where width/64 is not the rule
  std::optional<Activation> activation = {};  // where neither file nor config tells
  /// Patterns as of file names ("loss.*") of tensors that the file may have beside the model's, as it names them.
  std::vector<std::string> ignore = {};
};

/// What shapes cannot show, as far as something told it.
struct ClipHints {
  std::optional<Activation> activation = {};
  std::optional<std::int64_t> vision_heads = {};
  std::optional<std::int64_t> text_heads = {};
  ClipVariant variant = {};
};

/// A checkpoint that was wholly understood: every tensor of the architecture is there with its shape, and none is left
/// over.
struct ClipCheckpoint {
  Checkpoint file;
  std::string layout;  // "CLIP4Clip", "OpenAI", "Hugging Face"
  ClipArchitecture architecture = {};
  /// OpenAI's names: "visual.conv1.weight", "transformer.resblocks.0.attn.in_proj_weight", "text_projection", …; a
  /// head's tensors under their own ("lstm_visual.weight_ih_l0", "transformerClip.resblocks.0.…",
  /// "frame_position_embeddings.weight", "adapter.transformer.resblocks.0.…", "adapter.positional_embedding").
  std::map<std::string, Source> tensors = {};
  /// Set where the file's linear weights are quantised: all of those of the towers' and the head's blocks, and no
  /// other.
  std::optional<Quantization> quantization = {};
  /// Of what was merged into the weights; empty: nothing.
  std::filesystem::path adapter = {};
  std::string adapter_sha256 = {};  // of its tensors and of how they are merged
  /// As the architecture's, of all towers that the file has, asked for or not: the same for every node of a model.
  ClipVariant whole_variant = {};
  /// From the config beside the file, from its own metadata, or from the request.
  ClipHints hints = {};
  /// What was assumed because neither file nor arguments told, as sentences.
  std::vector<std::string> assumptions = {};
};

/// Heads and activation come from the model's config.json or open_clip_config.json beside the file, from the request,
/// or from a rule that `assumptions` names; the variant from those configs and preprocessor_config.json, of which every
/// key that could change a vector is honoured or refused by name. `model_name` is checked against the file; its towers
/// may be fewer than the model's. Throws pipit::Error (`invalid_checkpoint`, or `invalid_argument` for a model_name
/// that is none) that lists every missing, unexpected and misshapen tensor, or says which architecture the file holds
/// when `model_name` says another.
PIPIT_WEIGHTS_EXPORT ClipCheckpoint resolve_clip(const Checkpoint& file, const ClipRequest& request = {});

}  // namespace pipit::weights
