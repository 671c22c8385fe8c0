#include "clip/node/weights.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "pipit/weights/load_clip.h"

namespace pipit::clip {

namespace {

weights::LoadClipOptions open_options(const Arguments& arguments) {
  weights::LoadClipOptions options;
  options.mmap = arguments.boolean("mmap");
  if (arguments.string("state") == "ema") options.state = weights::WeightState::kAveraged;
  if (arguments.has("sha256")) options.sha256 = arguments.string("sha256");
  if (arguments.has("adapter_path")) options.adapter_path = arguments.string("adapter_path");
  return options;
}

/// What the model reads. The table of tokens is used as it is stored.
weights::Conversion conversion_for(const Placement& placement) {
  weights::DType dtype = weights::DType::kFloat32;
  if (placement.dtype == c10::ScalarType::BFloat16) dtype = weights::DType::kBFloat16;
  if (placement.dtype == c10::ScalarType::Half) dtype = weights::DType::kFloat16;
  return {.dtype = dtype, .quantization = placement.quantization, .kept = {"token_embedding.weight"}};
}

struct Told {};

std::string joined(const std::vector<std::string>& texts, const char* separator) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : separator) + text;
  return all;
}

/// Tells what was assumed of a file, and what else it holds: once, however many nodes use it.
std::shared_ptr<const Told> tell(const weights::ClipCheckpoint& checkpoint, Context& context) {
  std::vector<std::string> sentences = checkpoint.assumptions;
  if (const auto& averaged = checkpoint.file.averaged(); !averaged.empty()) {
    sentences.push_back(
        fmt::format("it has averaged weights too, as '{}', which state: ema takes instead", joined(averaged, "', '")));
  }
  if (sentences.empty()) return nullptr;
  const std::string text =
      fmt::format("weight_path '{}': {}", checkpoint.file.path().string(), joined(sentences, "; "));
  return context.shared<Told>("clip told|" + text, [&] {
    context.warn(text);
    return std::make_unique<Told>();
  });
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
      .argument("state", "enum(model|ema)", "model",
                "which weights of a training checkpoint: the model's, or the averaged ones beside them")
      .argument("mmap", "bool", "true", "map the file; false reads it, for a file that may change underfoot")
      .argument("cache", "bool", "true", "keep converted weights in ~/.cache/pipit for the next time")
      .argument(
          "space", "string", "null",
          "the name of the space that the vectors lie in, where the file's SHA-256 sum is not to be it: for weights "
          "in several files whose vectors may be compared");
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
      weights::load_clip(arguments.string("weight_path"), request, open_options(arguments));
  // Of the file that was opened, whatever lies under its name by now; the cache gives another in its place.
  const std::string identity = checkpoint.file.identity();
  std::optional<weights::ConversionCache> cache;
  if (const auto folder = weights::ConversionCache::default_folder(); folder && arguments.boolean("cache")) {
    cache.emplace(*folder);
  }
  Space space{.of_weights = {checkpoint, arguments.boolean("mmap"), cache}};
  if (arguments.has("space")) space.given = arguments.string("space");
  const auto placement =
      Placement::parse(arguments.string("device"), arguments.string("dtype"), checkpoint.quantization);
  if (placement.emulated()) {
    context.warn(
        "dtype bfloat16: this processor has no instructions for it, and computes in it some three times slower than in "
        "float32; take float32, or auto, which takes the faster of the two");
  }
  // To another device the weights are copied anyway.
  if (cache && placement.device.is_cpu()) {
    checkpoint = weights::convert_for_model(std::move(checkpoint), conversion_for(placement), *cache,
                                            [&context](const std::string& text) { context.warn(text); });
  }
  std::shared_ptr<const void> told = tell(checkpoint, context);
  return {std::move(checkpoint), placement, identity, std::move(told), std::move(space)};
}

std::string Weights::key() const {
  const weights::ClipArchitecture& is = checkpoint.architecture;
  return fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}",
                     std::filesystem::weakly_canonical(checkpoint.file.path()).string(), identity,
                     static_cast<int>(checkpoint.file.state()), is.name, is.vision.heads, is.text.heads,
                     static_cast<int>(is.activation), weights::describe_variant(is.variant), placement.device.str(),
                     placement.dtype_name(), checkpoint.adapter.string());
}

Value Weights::describe(const Footprint& takes) const {
  std::vector<Value> assumptions;
  for (const std::string& assumption : checkpoint.assumptions) assumptions.emplace_back(assumption);
  return Value::map({{"architecture", checkpoint.architecture.name},
                     {"layout", checkpoint.layout},
                     {"variant", weights::describe_variant(checkpoint.architecture.variant)},
                     {"device", placement.device.str()},
                     {"dtype", placement.dtype_name()},
                     {"parameters", takes.parameters},
                     {"bytes", takes.bytes},
                     {"mapped_bytes", takes.mapped_bytes},
                     {"assumptions", Value::list(std::move(assumptions))}});
}

}  // namespace pipit::clip
