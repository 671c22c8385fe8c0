// Which tensors a CLIP consists of, and what each layout calls them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipit/weights/checkpoint.h"
#include "pipit/weights/clip_checkpoint.h"

namespace pipit::weights {

using Tensors = std::map<std::string, TensorView>;

/// How a file names its tensors.
struct Layout {
  std::string name;         // as messages say it
  std::string root;         // before every name: "", or wrappers such as "module._orig_mod."
  std::string clip_prefix;  // before the names of CLIP's own tensors, `root` included: "clip." in CLIP4Clip
  bool hugging_face = false;
};

/// Empty where no tensor is named as a CLIP's would be.
std::optional<Layout> find_layout(const Tensors& tensors);

enum class Part { kVision, kText, kHead };

/// A dimension by its meaning. Width, positions and what follows from them are those of the tensor's own part.
enum class Dim { kThree, kWidth, kThreeWidths, kMlp, kEmbed, kFourEmbeds, kPatch, kPositions, kVocabulary };

/// What is there, told by names alone.
struct Structure {
  bool vision = false;
  bool text = false;
  std::int64_t vision_layers = 0;
  std::int64_t text_layers = 0;
  Head head = Head::kMeanP;
  std::int64_t head_layers = 0;
  LinearPatch linear_patch = LinearPatch::k2d;
};

Structure find_structure(const Tensors& tensors, const Layout& layout);

/// A canonical tensor as one layout writes it.
struct Expected {
  std::string name;                // canonical
  std::vector<std::string> names;  // in the file; several are joined along dimension 0
  Part part;
  std::vector<Dim> shape;  // of each, in the file
  bool transposed = false;
  bool required = true;
  bool used = true;
  bool linear = false;  // a weight of a block's products: what quantising is about
};

std::vector<Expected> expect_tensors(const Layout& layout, const Structure& structure);

/// What a canonical tensor belongs to.
Part part_of(std::string_view name);

/// Whether a canonical tensor is a weight of a block's products, which quantising is about.
bool is_block_linear(const std::string& name);

/// Names that a layout's files may have beside the model's tensors.
std::vector<std::string> legal_leftovers(const Layout& layout);

}  // namespace pipit::weights
