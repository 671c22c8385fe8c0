#include "clip/node/weights.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <filesystem>
#include <vector>

#include "pipit/weights/open_clip.h"

namespace pipit::clip {

namespace {

weights::OpenClipOptions open_options(const Arguments& arguments) {
  weights::OpenClipOptions options;
  options.mmap = arguments.boolean("mmap");
  if (arguments.has("sha256")) options.sha256 = arguments.string("sha256");
  if (arguments.has("adapter_path")) options.adapter_path = arguments.string("adapter_path");
  return options;
}

/// What the model reads. The table of tokens is used as it is stored.
weights::Conversion conversion_for(const Placement& placement) {
  return {.dtype = placement.dtype == c10::ScalarType::Float ? weights::DType::kFloat32 : weights::DType::kBFloat16,
          .quantization = placement.quantization,
          .kept = {"token_embedding.weight"}};
}

/// The process's most so far, shared pages included.
std::int64_t peak_resident_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return std::int64_t{usage.ru_maxrss} * 1024;
}

}  // namespace

Signature Weights::add_arguments(Signature signature) {
  return signature
      .argument("heads", "int", "null", "attention heads, where they are not width/64 and no config.json tells")
      .at_least(1)
      .argument("activation", "enum(quick_gelu|gelu)", "null",
                "where no config.json tells; by default quick_gelu, as OpenAI's")
      .argument("ignore", "list<string>", "[]",
                "patterns (\"loss.*\") of tensors that the file may have beside the model's")
      .argument("sha256", "string", "null", "the file's SHA-256 sum; one with another is refused")
      .format("sha256")
      .argument("adapter_path", "path", "null", "a folder of PEFT's with a LoRA adapter, merged into the weights")
      .folder()
      .argument("mmap", "bool", "true", "map the file; false reads it, for a file that may change underfoot")
      .argument("cache", "bool", "true", "keep converted weights in ~/.cache/pipit for the next time");
}

Weights Weights::open(const Arguments& arguments, const std::string& model_name, Modality modality, Context& context) {
  // Before a large file is opened: what is wrong with these two is told whatever it holds.
  Placement::parse(arguments.string("device"), arguments.string("dtype"));
  weights::ClipRequest request;
  request.model_name = model_name;
  request.vision = modality != Modality::kText;
  request.text = modality == Modality::kText;
  if (arguments.has("heads")) request.heads = arguments.integer("heads");
  if (arguments.has("activation")) {
    request.activation =
        arguments.string("activation") == "gelu" ? weights::Activation::kGelu : weights::Activation::kQuickGelu;
  }
  for (const Value& pattern : arguments.value("ignore").list()) request.ignore.emplace_back(pattern.string());

  weights::ClipCheckpoint checkpoint =
      weights::open_clip(arguments.string("weight_path"), request, open_options(arguments));
  const auto placement =
      Placement::parse(arguments.string("device"), arguments.string("dtype"), checkpoint.quantization);
  const auto folder = weights::ConversionCache::default_folder();
  // To another device the weights are copied anyway.
  if (folder && arguments.boolean("cache") && placement.device.is_cpu()) {
    const weights::ConversionCache cache(*folder);
    checkpoint = weights::convert_for_model(std::move(checkpoint), conversion_for(placement), cache,
                                            [&context](const std::string& text) { context.warn(text); });
  }
  return {std::move(checkpoint), placement};
}

std::string Weights::key() const {
  const weights::ClipArchitecture& is = checkpoint.architecture;
  return fmt::format("{}|{}|{}|{}|{}|{}|{}|{}", std::filesystem::weakly_canonical(checkpoint.file.path()).string(),
                     is.name, is.vision.heads, is.text.heads, static_cast<int>(is.activation), placement.device.str(),
                     placement.dtype_name(), checkpoint.adapter.string());
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
                     {"peak_resident_bytes", peak_resident_bytes()},
                     {"assumptions", Value::list(std::move(assumptions))}});
}

}  // namespace pipit::clip
