#include "weights/clip/clip_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <span>
#include <string_view>

namespace pipit::weights {
namespace {

// Up to five dimensions, in a form that tables can hold without running code at load time.
class DimList {
 public:
  constexpr DimList(std::initializer_list<Dim> dims) : rank_(dims.size()) {
    std::copy(dims.begin(), dims.end(), dims_.begin());
  }
  std::vector<Dim> list() const { return {dims_.begin(), dims_.begin() + static_cast<std::ptrdiff_t>(rank_)}; }

 private:
  std::array<Dim, 5> dims_{};
  std::size_t rank_;
};

struct Row {
  std::string_view name;          // OpenAI's, which is the canonical one
  std::string_view hugging_face;  // {q,k,v}: three tensors, which OpenAI joins
  DimList shape;                  // in OpenAI's orientation
  bool transposed = false;        // in Hugging Face's files
  bool linear = false;
};

using enum Dim;

constexpr Row kVisionRows[] = {
    {"visual.class_embedding", "vision_model.embeddings.class_embedding", {kWidth}},
    {"visual.conv1.weight", "vision_model.embeddings.patch_embedding.weight", {kWidth, kThree, kPatch, kPatch}},
    {"visual.positional_embedding", "vision_model.embeddings.position_embedding.weight", {kPositions, kWidth}},
    {"visual.ln_pre.weight", "vision_model.pre_layrnorm.weight", {kWidth}},
    {"visual.ln_pre.bias", "vision_model.pre_layrnorm.bias", {kWidth}},
    {"visual.ln_post.weight", "vision_model.post_layernorm.weight", {kWidth}},
    {"visual.ln_post.bias", "vision_model.post_layernorm.bias", {kWidth}},
    {"visual.proj", "visual_projection.weight", {kWidth, kEmbed}, true},
};

constexpr Row kTextRows[] = {
    {"token_embedding.weight", "text_model.embeddings.token_embedding.weight", {kVocabulary, kWidth}},
    {"positional_embedding", "text_model.embeddings.position_embedding.weight", {kPositions, kWidth}},
    {"ln_final.weight", "text_model.final_layer_norm.weight", {kWidth}},
    {"ln_final.bias", "text_model.final_layer_norm.bias", {kWidth}},
    {"text_projection", "text_projection.weight", {kWidth, kEmbed}, true},
};

// Each block's, after "visual.transformer.resblocks.N." or "vision_model.encoder.layers.N.".
constexpr Row kBlockRows[] = {
    {"ln_1.weight", "layer_norm1.weight", {kWidth}},
    {"ln_1.bias", "layer_norm1.bias", {kWidth}},
    {"attn.in_proj_weight", "self_attn.{q,k,v}_proj.weight", {kThreeWidths, kWidth}, false, true},
    {"attn.in_proj_bias", "self_attn.{q,k,v}_proj.bias", {kThreeWidths}},
    {"attn.out_proj.weight", "self_attn.out_proj.weight", {kWidth, kWidth}, false, true},
    {"attn.out_proj.bias", "self_attn.out_proj.bias", {kWidth}},
    {"ln_2.weight", "layer_norm2.weight", {kWidth}},
    {"ln_2.bias", "layer_norm2.bias", {kWidth}},
    {"mlp.c_fc.weight", "mlp.fc1.weight", {kMlp, kWidth}, false, true},
    {"mlp.c_fc.bias", "mlp.fc1.bias", {kMlp}},
    {"mlp.c_proj.weight", "mlp.fc2.weight", {kWidth, kMlp}, false, true},
    {"mlp.c_proj.bias", "mlp.fc2.bias", {kWidth}},
};

constexpr Row kPatch3d = {"visual.conv2.weight", "", {kWidth, kThree, kThree, kPatch, kPatch}};
constexpr Row kLogitScale = {"logit_scale", "logit_scale", {}};

// CLIP4Clip's heads, beside "clip.".
constexpr Row kFramePositions = {"frame_position_embeddings.weight", "", {kPositions, kEmbed}};
constexpr Row kLstmRows[] = {
    {"lstm_visual.weight_ih_l0", "", {kFourEmbeds, kEmbed}},
    {"lstm_visual.weight_hh_l0", "", {kFourEmbeds, kEmbed}},
    {"lstm_visual.bias_ih_l0", "", {kFourEmbeds}},
    {"lstm_visual.bias_hh_l0", "", {kFourEmbeds}},
};

// MMAction2's head, beside "clip." too (mmaction/models/similarity/adapters.py: TransformerAdapter).
constexpr Row kAdapterPositions = {"adapter.positional_embedding", "", {kPositions, kEmbed}};

// The blocks' prefixes, canonical and Hugging Face's.
constexpr std::pair<std::string_view, std::string_view> kVisionBlocks = {"visual.transformer.resblocks.",
                                                                         "vision_model.encoder.layers."};
constexpr std::pair<std::string_view, std::string_view> kTextBlocks = {"transformer.resblocks.",
                                                                       "text_model.encoder.layers."};
constexpr std::string_view kHeadBlocks = "transformerClip.resblocks.";
constexpr std::string_view kAdapterBlocks = "adapter.transformer.resblocks.";

bool any_starts_with(const Tensors& tensors, const std::string& prefix) {
  auto first = tensors.lower_bound(prefix);
  return first != tensors.end() && first->first.starts_with(prefix);
}

std::size_t count_starting_with(const Tensors& tensors, const std::string& prefix) {
  std::size_t count = 0;
  for (auto at = tensors.lower_bound(prefix); at != tensors.end() && at->first.starts_with(prefix); ++at) ++count;
  return count;
}

// One more than the highest N of "prefixN.…". A number of more than three digits is not a layer's; the name is
// unexpected.
std::int64_t count_layers(const Tensors& tensors, const std::string& prefix) {
  std::int64_t layers = 0;
  for (auto at = tensors.lower_bound(prefix); at != tensors.end() && at->first.starts_with(prefix); ++at) {
    const char* digits = at->first.data() + prefix.size();
    const char* end = at->first.data() + at->first.size();
    std::int64_t number = 0;
    auto [rest, error] = std::from_chars(digits, end, number);
    bool is_layer = error == std::errc() && rest != end && *rest == '.' && rest - digits <= 3;
    if (is_layer) layers = std::max(layers, number + 1);
  }
  return layers;
}

class Expectations {
 public:
  explicit Expectations(const Layout& layout) : layout_(layout) {}

  std::vector<Expected> take() { return std::move(list_); }

  Expected& add(Part part, const Row& row) { return add(part, row, {"", ""}, layout_.clip_prefix); }
  void add(Part part, std::span<const Row> rows) {
    for (const Row& row : rows) add(part, row);
  }
  void add_blocks(Part part, std::pair<std::string_view, std::string_view> prefixes, std::int64_t layers) {
    for (std::int64_t i = 0; i < layers; ++i) {
      std::pair block(fmt::format("{}{}.", prefixes.first, i), fmt::format("{}{}.", prefixes.second, i));
      for (const Row& row : kBlockRows) add(part, row, block, layout_.clip_prefix);
    }
  }
  Expected& add_beside(const Row& row, const std::string& prefix = "") {
    return add(Part::kHead, row, {prefix, prefix}, layout_.root);
  }
  void add_blocks_beside(std::string_view prefix, std::int64_t layers) {
    for (std::int64_t i = 0; i < layers; ++i) {
      for (const Row& row : kBlockRows) add_beside(row, fmt::format("{}{}.", prefix, i));
    }
  }

 private:
  Expected& add(Part part, const Row& row, const std::pair<std::string, std::string>& block, const std::string& root) {
    Expected expected{block.first + std::string(row.name), {}, part, row.shape.list()};
    expected.linear = row.linear;
    if (layout_.hugging_face) {
      expected.names = spell(root + block.second, row.hugging_face);
      // Apart, query, key and value are a width each.
      if (expected.names.size() == 3) expected.shape.front() = kWidth;
      expected.transposed = row.transposed;
      if (row.transposed) std::reverse(expected.shape.begin(), expected.shape.end());
    } else {
      expected.names = {root + expected.name};
    }
    return list_.emplace_back(std::move(expected));
  }

  static std::vector<std::string> spell(const std::string& prefix, std::string_view name) {
    constexpr std::string_view kThreeOfThem = "{q,k,v}";
    std::size_t at = name.find(kThreeOfThem);
    if (at == std::string_view::npos) return {prefix + std::string(name)};
    std::vector<std::string> names;
    for (char letter : {'q', 'k', 'v'}) {
      names.push_back(
          fmt::format("{}{}{}{}", prefix, name.substr(0, at), letter, name.substr(at + kThreeOfThem.size())));
    }
    return names;
  }

  const Layout& layout_;
  std::vector<Expected> list_;
};

}  // namespace

namespace {

// What programs put before every name: data parallelism, torch.compile, DeepSpeed, and models with a CLIP inside.
// CLIP4Clip's "clip." is a layout of its own; before Hugging Face's names it is a wrapper like the others.
constexpr std::string_view kWrappers[] = {"module.", "_orig_mod.",  "_forward_module.",
                                          "model.",  "clip_model.", "clip."};

std::optional<Layout> find_layout_under(const Tensors& tensors, const std::string& root) {
  auto count_openai = [&](const std::string& prefix) {
    return count_starting_with(tensors, prefix + "visual.") + count_starting_with(tensors, prefix + "transformer.") +
           count_starting_with(tensors, prefix + "token_embedding.");
  };
  std::size_t clip4clip = count_openai(root + "clip.");
  std::size_t openai = count_openai(root);
  std::size_t hugging_face =
      count_starting_with(tensors, root + "vision_model.") + count_starting_with(tensors, root + "text_model.");
  std::size_t most = std::max({clip4clip, openai, hugging_face});
  if (most == 0) return std::nullopt;
  if (most == clip4clip) return Layout{"CLIP4Clip", root, root + "clip."};
  if (most == openai) return Layout{"OpenAI", root, root};
  return Layout{"Hugging Face", root, root, true};
}

}  // namespace

std::optional<Layout> find_layout(const Tensors& tensors) {
  constexpr int kMostWrappers = 6;
  std::string root;
  for (int depth = 0; depth <= kMostWrappers; ++depth) {
    if (auto layout = find_layout_under(tensors, root)) return layout;
    std::size_t most = 0;
    std::string_view wrapper;
    for (std::string_view candidate : kWrappers) {
      const std::size_t count = count_starting_with(tensors, root + std::string(candidate));
      if (count > most) wrapper = candidate;
      most = std::max(most, count);
    }
    if (most == 0) return std::nullopt;
    root += wrapper;
  }
  return std::nullopt;
}

Structure find_structure(const Tensors& tensors, const Layout& layout) {
  auto any = [&](std::initializer_list<std::string_view> starts) {
    return std::any_of(starts.begin(), starts.end(), [&](std::string_view start) {
      return any_starts_with(tensors, layout.clip_prefix + std::string(start));
    });
  };
  auto layers = [&](const std::pair<std::string_view, std::string_view>& prefixes) {
    std::string_view prefix = layout.hugging_face ? prefixes.second : prefixes.first;
    // A tower has one layer at least: without any, the first one's tensors are what is missing.
    return std::max<std::int64_t>(1, count_layers(tensors, layout.clip_prefix + std::string(prefix)));
  };
  Structure structure;
  structure.vision = layout.hugging_face ? any({"vision_model.", "visual_projection."}) : any({"visual."});
  structure.text =
      layout.hugging_face
          ? any({"text_model.", "text_projection."})
          : any({"transformer.", "token_embedding.", "positional_embedding", "ln_final.", "text_projection"});
  if (structure.vision) structure.vision_layers = layers(kVisionBlocks);
  if (structure.text) structure.text_layers = layers(kTextBlocks);
  if (any_starts_with(tensors, layout.root + "transformerClip.")) {
    structure.head = Head::kSeqTransf;
    structure.head_layers = std::max<std::int64_t>(1, count_layers(tensors, layout.root + std::string(kHeadBlocks)));
  } else if (any_starts_with(tensors, layout.root + "lstm_visual.")) {
    structure.head = Head::kSeqLstm;
    structure.head_layers = 1;
  } else if (any_starts_with(tensors, layout.root + "adapter.")) {
    structure.head = Head::kTransformerAdapter;
    structure.head_layers = std::max<std::int64_t>(1, count_layers(tensors, layout.root + std::string(kAdapterBlocks)));
  }
  if (any({"visual.conv2."})) structure.linear_patch = LinearPatch::k3d;
  return structure;
}

std::vector<Expected> expect_tensors(const Layout& layout, const Structure& structure) {
  Expectations expectations(layout);
  if (structure.vision) {
    for (const Row& row : kVisionRows) {
      Expected& expected = expectations.add(Part::kVision, row);
      if (expected.name == "visual.conv1.weight" && structure.linear_patch == LinearPatch::k3d) {
        expected.required = expected.used = false;  // conv2 takes its place, and the original leaves it in the file
      }
    }
    if (structure.linear_patch == LinearPatch::k3d) expectations.add(Part::kVision, kPatch3d);
    expectations.add_blocks(Part::kVision, kVisionBlocks, structure.vision_layers);
  }
  if (structure.text) {
    expectations.add(Part::kText, kTextRows);
    expectations.add_blocks(Part::kText, kTextBlocks, structure.text_layers);
  }
  expectations.add(Part::kText, kLogitScale).required = structure.vision && structure.text;
  if (structure.head == Head::kSeqLstm) {
    for (const Row& row : kLstmRows) expectations.add_beside(row);
    Expected& positions = expectations.add_beside(kFramePositions);
    positions.required = positions.used = false;  // the original writes it, and never reads it
  }
  if (structure.head == Head::kSeqTransf) {
    expectations.add_beside(kFramePositions);
    expectations.add_blocks_beside(kHeadBlocks, structure.head_layers);
  }
  if (structure.head == Head::kTransformerAdapter) {
    expectations.add_beside(kAdapterPositions);
    expectations.add_blocks_beside(kAdapterBlocks, structure.head_layers);
  }
  return expectations.take();
}

Part part_of(std::string_view name) {
  if (name.starts_with("visual.")) return Part::kVision;
  for (std::string_view head : {"transformerClip.", "frame_position_embeddings.", "lstm_visual.", "adapter."}) {
    if (name.starts_with(head)) return Part::kHead;
  }
  return Part::kText;
}

bool is_block_linear(const std::string& name) {
  const std::size_t block = name.find("resblocks.");
  if (block == std::string::npos) return false;
  return std::any_of(std::begin(kBlockRows), std::end(kBlockRows), [&](const Row& row) {
    return row.linear && name.size() > row.name.size() && name.ends_with(row.name) &&
           name[name.size() - row.name.size() - 1] == '.';
  });
}

std::vector<std::string> legal_leftovers(const Layout& layout) {
  std::vector<std::string> names;
  if (layout.hugging_face) {
    names = {"text_model.embeddings.position_ids", "vision_model.embeddings.position_ids"};
  } else {
    names = {"input_resolution", "context_length", "vocab_size"};
  }
  for (std::string& name : names) name.insert(0, layout.clip_prefix);
  return names;
}

}  // namespace pipit::weights
