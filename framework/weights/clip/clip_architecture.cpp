#include "weights/clip/clip_architecture.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/near.h"
#include "pipit/error.h"

namespace pipit::weights {
namespace {

constexpr NamedArchitecture kArchitectures[] = {
    // name, embed, resolution, vision layers, width, patch, text width, layers
    {"clip_vit_b32", 512, 224, 12, 768, 32, 512, 12},
    {"clip_vit_b16", 512, 224, 12, 768, 16, 512, 12},
    {"clip_vit_l14", 768, 224, 24, 1024, 14, 768, 12},
    {"clip_vit_l14@336px", 768, 336, 24, 1024, 14, 768, 12},
};

bool has_weight_extension(const std::string& name) {
  std::string extension = std::filesystem::path(name).extension().string();
  for (std::string_view known : {".pth", ".pt", ".bin", ".safetensors", ".ckpt"}) {
    if (extension == known) return true;
  }
  return false;
}

// "openai/clip-vit-base-patch32": two plain words, and no such file.
bool looks_like_hub_name(const std::string& name) {
  std::error_code ignored;
  return std::count(name.begin(), name.end(), '/') == 1 && name.front() != '/' && name.front() != '.' &&
         name.back() != '/' && !std::filesystem::exists(name, ignored);
}

// The size that most tensors gave; among equals the one that came first.
class Votes {
 public:
  void add(std::int64_t size) {
    auto known = std::find_if(sizes_.begin(), sizes_.end(), [&](const auto& vote) { return vote.first == size; });
    if (known == sizes_.end()) known = sizes_.insert(sizes_.end(), {size, 0});
    ++known->second;
  }
  std::int64_t winner() const {
    auto most = std::max_element(sizes_.begin(), sizes_.end(),
                                 [](const auto& a, const auto& b) { return a.second < b.second; });
    return most == sizes_.end() ? -1 : most->first;
  }

 private:
  std::vector<std::pair<std::int64_t, int>> sizes_;
};

}  // namespace

std::int64_t Sizes::of(Part part, Dim dim) const {
  auto pick = [part](std::int64_t vision, std::int64_t text, std::int64_t head) {
    return part == Part::kVision ? vision : part == Part::kText ? text : head;
  };
  auto times = [](std::int64_t factor, std::int64_t size) { return size < 0 ? -1 : factor * size; };
  switch (dim) {
    case Dim::kThree:
      return 3;
    case Dim::kWidth:
      return pick(vision_width, text_width, head_width);
    case Dim::kThreeWidths:
      return times(3, of(part, Dim::kWidth));
    case Dim::kMlp:
      return pick(vision_mlp, text_mlp, head_mlp);
    case Dim::kEmbed:
      return embed;
    case Dim::kFourEmbeds:
      return times(4, embed);
    case Dim::kPatch:
      return patch;
    case Dim::kPositions:
      return pick(positions, context, frames);
    case Dim::kVocabulary:
      return vocabulary;
  }
  return -1;
}

Sizes infer_sizes(const Tensors& tensors, const std::vector<Expected>& expected) {
  std::map<std::pair<Part, Dim>, Votes> votes;
  for (const Expected& tensor : expected) {
    for (const std::string& name : tensor.names) {
      auto found = tensors.find(name);
      if (found == tensors.end() || found->second.shape.size() != tensor.shape.size()) continue;
      if (found->second.elements() == 0) continue;
      for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
        std::int64_t size = found->second.shape[i];
        Dim dim = tensor.shape[i];
        if (tensor.linear && found->second.dtype == DType::kUInt8 && i == 1) size *= 2;  // two columns a byte
        if (dim == Dim::kThreeWidths || dim == Dim::kFourEmbeds) continue;
        // One embedding space for all.
        votes[{dim == Dim::kEmbed ? Part::kVision : tensor.part, dim}].add(size);
      }
    }
  }
  auto winner = [&](Part part, Dim dim) { return votes[{part, dim}].winner(); };
  Sizes sizes;
  sizes.embed = winner(Part::kVision, Dim::kEmbed);
  sizes.vision_width = winner(Part::kVision, Dim::kWidth);
  sizes.vision_mlp = winner(Part::kVision, Dim::kMlp);
  sizes.patch = winner(Part::kVision, Dim::kPatch);
  sizes.positions = winner(Part::kVision, Dim::kPositions);
  sizes.text_width = winner(Part::kText, Dim::kWidth);
  sizes.text_mlp = winner(Part::kText, Dim::kMlp);
  sizes.context = winner(Part::kText, Dim::kPositions);
  sizes.vocabulary = winner(Part::kText, Dim::kVocabulary);
  sizes.head_width = sizes.embed;
  sizes.head_mlp = winner(Part::kHead, Dim::kMlp);
  sizes.frames = winner(Part::kHead, Dim::kPositions);
  return sizes;
}

const std::vector<std::string>& clip_model_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list = {"auto"};
    for (const NamedArchitecture& named : kArchitectures) list.emplace_back(named.name);
    return list;
  }();
  return names;
}

std::string_view head_name(Head head) {
  constexpr std::string_view kNames[] = {"meanP", "seqLSTM", "seqTransf", "TransformerAdapter"};
  return kNames[static_cast<int>(head)];
}

const NamedArchitecture* find_architecture(const std::string& model_name) {
  if (model_name == "auto") return nullptr;
  std::string name = model_name == "clip_vit_l14_336" ? "clip_vit_l14@336px" : model_name;
  for (const NamedArchitecture& named : kArchitectures) {
    if (named.name == name) return &named;
  }
  if (name.starts_with("clip_resnet_")) {
    throw Error("invalid_argument", fmt::format("model_name '{}' is a ResNet, and pipit runs the ViT ones: {}", name,
                                                fmt::join(clip_model_names(), ", ")));
  }
  if (!name.empty() && !has_weight_extension(name) && looks_like_hub_name(name)) {
    throw Error("invalid_argument",
                fmt::format("model_name names an architecture, got the hub name '{}'; pipit downloads nothing: put the "
                            "downloaded weights in weight_path",
                            name));
  }
  if (name.find('/') != std::string::npos || has_weight_extension(name)) {
    throw Error("invalid_argument",
                fmt::format("model_name names an architecture, got a path '{}'; put it in weight_path", name));
  }
  std::string near = near_name(name, clip_model_names());
  throw Error("invalid_argument", fmt::format("model_name '{}' is not an architecture; {}known: {}", name,
                                              near.empty() ? "" : fmt::format("did you mean '{}'? ", near),
                                              fmt::join(clip_model_names(), ", ")));
}

std::vector<std::string> differences(const NamedArchitecture& named, const Structure& structure, const Sizes& sizes) {
  std::vector<std::string> list;
  auto compare = [&](std::int64_t has, std::int64_t wants, std::string_view format) {
    if (has != -1 && has != wants) list.push_back(fmt::format(fmt::runtime(format), has));
  };
  compare(sizes.embed, named.embed, "embed {}");
  if (structure.vision) {
    compare(sizes.vision_width, named.vision_width, "vision width {}");
    compare(sizes.patch, named.patch, "patch {}");
    compare(sizes.positions, named.positions(), "{} positions");
  }
  if (structure.text) compare(sizes.text_width, named.text_width, "text width {}");
  return list;
}

const NamedArchitecture* recognize(const Structure& structure, const Sizes& sizes) {
  if (!structure.vision) return nullptr;
  for (const NamedArchitecture& named : kArchitectures) {
    if (differences(named, structure, sizes).empty() && structure.vision_layers == named.vision_layers &&
        (!structure.text || structure.text_layers == named.text_layers)) {
      return &named;
    }
  }
  return nullptr;
}

std::string describe_architecture(const Structure& structure, const Sizes& sizes) {
  if (const NamedArchitecture* named = recognize(structure, sizes)) return std::string(named->name);
  if (!structure.vision) return fmt::format("text tower width {}", sizes.text_width);
  return fmt::format("ViT width {} patch {}", sizes.vision_width, sizes.patch);
}

void adopt(const NamedArchitecture& named, Structure& structure, Sizes& sizes) {
  sizes.embed = sizes.head_width = named.embed;
  if (structure.vision) {
    structure.vision_layers = named.vision_layers;
    sizes.vision_width = named.vision_width;
    sizes.patch = named.patch;
    sizes.positions = named.positions();
  }
  if (structure.text) {
    structure.text_layers = named.text_layers;
    sizes.text_width = named.text_width;
  }
}

}  // namespace pipit::weights
