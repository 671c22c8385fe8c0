#include "pipit/weights/clip_checkpoint.h"

#include <fmt/format.h>

#include <cmath>

#include "pipit/error.h"
#include "weights/clip/clip_architecture.h"
#include "weights/clip/clip_comparison.h"
#include "weights/clip/clip_hints.h"
#include "weights/clip/clip_hyperparameters.h"
#include "weights/clip/clip_layout.h"
#include "weights/clip/foreign_model.h"
#include "weights/clip/quantized_file.h"
#include "weights/config/clip_config.h"
#include "weights/files/fault.h"
#include "weights/numbers/bitsandbytes.h"

namespace pipit::weights {
namespace {

Layout require_layout(const Tensors& tensors) {
  auto layout = find_layout(tensors);
  refuse_foreign_models(tensors, layout ? layout->root : "");
  if (layout) return *layout;
  std::vector<std::string> names;
  for (const auto& [name, view] : tensors) names.push_back(quote(name));
  fail("holds no CLIP: expected names such as 'visual.…', 'clip.visual.…' or 'vision_model.…', found {}",
       join_some(names, 5));
}

void refuse_other_architecture(const NamedArchitecture& named, const Structure& structure, const Sizes& sizes) {
  auto differing = differences(named, structure, sizes);
  // One size that belongs to no other architecture is a misshapen tensor rather.
  if (differing.empty() || (differing.size() == 1 && recognize(structure, sizes) == nullptr)) return;
  fail("holds {} ({}), model_name says {}", describe_architecture(structure, sizes), fmt::join(differing, ", "),
       named.name);
}

void refuse_absent_towers(const ClipRequest& request, const Structure& structure) {
  if (request.vision && !structure.vision) fail("holds a text tower only, and a vision tower is needed");
  if (request.text && !structure.text) fail("holds a vision tower only, and a text tower is needed");
}

std::optional<ClipConfig> read_config(const Checkpoint& file, const Layout& layout, const ConfigUse& use) {
  if (auto hints = read_hints(file.metadata())) return hints;
  std::error_code ignored;
  const std::filesystem::path& path = file.path();
  std::filesystem::path folder = std::filesystem::is_directory(path, ignored) ? path : path.parent_path();
  return layout.hugging_face ? read_hugging_face_config(folder, use) : read_open_clip_config(folder, use);
}

/// Of both towers, where one of them alone is asked for. A config that rules the other one out says nothing of it.
ClipVariant whole_variant(const Checkpoint& file, const Layout& layout, const Structure& structure, ConfigUse use,
                          const ClipVariant& asked_for) {
  if ((use.vision || !structure.vision) && (use.text || !structure.text)) return asked_for;
  use.vision = structure.vision;
  use.text = structure.text;
  try {
    const auto config = read_config(file, layout, use);
    return config ? config->variant : ClipVariant();
  } catch (const Fault&) {
    return asked_for;
  }
}

ClipArchitecture describe(const Structure& structure, const Sizes& sizes, const NamedArchitecture* named) {
  ClipArchitecture architecture;
  architecture.name = named != nullptr ? std::string(named->name) : describe_architecture(structure, sizes);
  architecture.embed_dim = sizes.embed;
  architecture.has_vision = structure.vision;
  architecture.has_text = structure.text;
  architecture.head = structure.head;
  architecture.head_layers = structure.head_layers;
  architecture.linear_patch = structure.linear_patch;
  if (structure.vision) {
    architecture.vision = {sizes.vision_width, structure.vision_layers, 0, sizes.vision_mlp};
    architecture.patch = sizes.patch;
    architecture.resolution = sizes.patch * std::llround(std::sqrt(static_cast<double>(sizes.positions - 1)));
  }
  if (structure.text) {
    architecture.text = {sizes.text_width, structure.text_layers, 0, sizes.text_mlp};
    architecture.context_length = sizes.context;
    architecture.vocab_size = sizes.vocabulary;
  }
  return architecture;
}

ClipCheckpoint resolve(const Checkpoint& opened, const ClipRequest& request, const NamedArchitecture* named) {
  const Checkpoint file = dequantize_bitsandbytes(opened);
  const Tensors& tensors = file.tensors();
  Layout layout = require_layout(tensors);
  Structure structure = find_structure(tensors, layout);
  Sizes sizes = infer_sizes(tensors, expect_tensors(layout, structure));
  if (named != nullptr) {
    refuse_other_architecture(*named, structure, sizes);
    adopt(*named, structure, sizes);
  }
  ClipCheckpoint result{.file = file, .layout = layout.name};
  result.quantization = read_quantization(file.metadata());
  ClipComparison comparison(tensors, sizes, result.quantization);
  for (const Expected& expected : expect_tensors(layout, structure)) {
    Source source = comparison.take(expected);
    if (expected.used && !source.parts.empty()) result.tensors.emplace(expected.name, std::move(source));
  }
  for (const std::string& name : legal_leftovers(layout)) comparison.allow(name);
  for (const std::string& pattern : request.ignore) comparison.allow_like(pattern);
  comparison.refuse_faults(named != nullptr ? named->name : "CLIP", layout);
  refuse_absent_towers(request, structure);

  ClipArchitecture& architecture = result.architecture;
  architecture = describe(structure, sizes, named);
  bool has_name = named != nullptr || recognize(structure, sizes) != nullptr;
  // These have as many heads as the text tower.
  bool over_frames = structure.head == Head::kSeqTransf || structure.head == Head::kTransformerAdapter;
  bool text_needed = request.text || (request.vision && over_frames);
  const ConfigUse use = {request.vision, text_needed, architecture.resolution, architecture.vocab_size};
  ClipHyperparameters hyperparameters(request, read_config(file, layout, use));
  architecture.variant = hyperparameters.hints().variant;
  architecture.activation = hyperparameters.activation();
  if (structure.vision) {
    architecture.vision.heads =
        hyperparameters.heads(Part::kVision, sizes.vision_width, {request.vision, request.vision, has_name});
  }
  if (structure.text) {
    architecture.text.heads =
        hyperparameters.heads(Part::kText, sizes.text_width, {request.text, text_needed, has_name});
  }
  result.hints = hyperparameters.hints();
  result.whole_variant = whole_variant(file, layout, structure, use, architecture.variant);
  result.assumptions = hyperparameters.assumptions();
  return result;
}

}  // namespace

ClipCheckpoint resolve_clip(const Checkpoint& file, const ClipRequest& request) {
  const NamedArchitecture* named = find_architecture(request.model_name);
  try {
    return resolve(file, request, named);
  } catch (const Fault& fault) {
    throw Error("invalid_checkpoint", fmt::format("weight_path '{}' {}", file.path().string(), fault.what()));
  }
}

}  // namespace pipit::weights
