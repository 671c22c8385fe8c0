#include "clip/node/weights.h"

#include <fmt/format.h>

#include <filesystem>
#include <vector>

namespace pipit::clip {

Weights Weights::open(const Arguments& arguments, const std::string& model_name, Modality modality) {
  // Before a large file is opened: what is wrong with these two is told whatever it holds.
  Placement::parse(arguments.string("device"), arguments.string("dtype"));
  if (!arguments.has("weight_path")) {
    throw Error("invalid_argument",
                "no weight_path: give the path of a CLIP4Clip or CLIP checkpoint; pipit downloads none");
  }
  weights::ClipRequest request;
  request.model_name = model_name;
  request.vision = modality != Modality::kText;
  request.text = modality == Modality::kText;
  if (arguments.has("heads")) request.heads = arguments.integer("heads");
  if (arguments.has("activation")) {
    request.activation =
        arguments.string("activation") == "gelu" ? weights::Activation::kGelu : weights::Activation::kQuickGelu;
  }
  auto checkpoint = weights::resolve_clip(weights::Checkpoint::open(arguments.string("weight_path")), request);
  const auto placement =
      Placement::parse(arguments.string("device"), arguments.string("dtype"), checkpoint.quantization);
  return {std::move(checkpoint), placement};
}

std::string Weights::key() const {
  const weights::ClipArchitecture& is = checkpoint.architecture;
  return fmt::format("{}|{}|{}|{}|{}|{}|{}", std::filesystem::weakly_canonical(checkpoint.file.path()).string(),
                     is.name, is.vision.heads, is.text.heads, static_cast<int>(is.activation), placement.device.str(),
                     placement.dtype_name());
}

Value Weights::describe(const Footprint& takes) const {
  std::vector<Value> assumptions;
  for (const std::string& assumption : checkpoint.assumptions) assumptions.emplace_back(assumption);
  return Value::map({{"architecture", checkpoint.architecture.name},
                     {"layout", checkpoint.layout},
                     {"device", placement.device.str()},
                     {"dtype", placement.dtype_name()},
                     {"parameters", takes.parameters},
                     {"bytes", takes.bytes},
                     {"mapped_bytes", takes.mapped_bytes},
                     {"assumptions", Value::list(std::move(assumptions))}});
}

}  // namespace pipit::clip
