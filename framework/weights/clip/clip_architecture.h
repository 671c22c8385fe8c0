// The architectures that have a name, and how a file's own differs from them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "weights/clip/clip_layout.h"

namespace pipit::weights {

/// The sizes that shapes tell; -1 where no tensor does.
struct Sizes {
  std::int64_t embed = -1;
  std::int64_t vision_width = -1;
  std::int64_t vision_mlp = -1;
  std::int64_t patch = -1;
  std::int64_t positions = -1;
  std::int64_t text_width = -1;
  std::int64_t text_mlp = -1;
  std::int64_t context = -1;
  std::int64_t vocabulary = -1;
  std::int64_t head_width = -1;
  std::int64_t head_mlp = -1;
  std::int64_t frames = -1;

  /// The size that a dimension of a part's tensor has, or -1.
  std::int64_t of(Part part, Dim dim) const;
};

/// What most of the file's tensors say, so that one that is misshapen is told as such.
Sizes infer_sizes(const Tensors& tensors, const std::vector<Expected>& expected);

struct NamedArchitecture {
  std::string_view name;
  std::int64_t embed, resolution, vision_layers, vision_width, patch, text_width, text_layers;

  std::int64_t positions() const { return (resolution / patch) * (resolution / patch) + 1; }
};

/// Throws pipit::Error (`invalid_argument`) for a name that is not an architecture's; null for "auto".
const NamedArchitecture* find_architecture(const std::string& model_name);

/// How the file's towers differ from the architecture, as "patch 16", "197 positions": the file's side. Layers are left
/// out.
std::vector<std::string> differences(const NamedArchitecture& named, const Structure& structure, const Sizes& sizes);

/// The architecture whose sizes and layers the file has; null where it has none, or no vision tower to tell by.
const NamedArchitecture* recognize(const Structure& structure, const Sizes& sizes);

/// The name of what was recognised, or "ViT width 128 patch 16".
std::string describe_architecture(const Structure& structure, const Sizes& sizes);

/// Makes `sizes` those of the architecture, for the towers that are there.
void adopt(const NamedArchitecture& named, Structure& structure, Sizes& sizes);

}  // namespace pipit::weights
