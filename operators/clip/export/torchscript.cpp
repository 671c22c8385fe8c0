#include "clip/export/torchscript.h"

#include <fmt/format.h>
#include <torch/csrc/jit/api/module.h>

#include <exception>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "base/atomic_file.h"
#include "clip/export/torchscript_source.h"
#include "clip/loading/tensor_reader.h"
#include "pipit/error.h"
#include "pipit/weights/load_clip.h"

namespace pipit::clip {
namespace {

using torch::jit::Module;

/// A tree of modules, made from the names of its parameters.
class Tree {
 public:
  Tree() { modules_.emplace("", make("Clip")); }

  Module& root() { return modules_.at(""); }
  Module& at(const std::string& path) {
    const auto found = modules_.find(path);
    if (found != modules_.end()) return found->second;
    const auto [parent, name] = split(path);
    Module module = make("Part");
    at(parent).register_module(name, module);
    return modules_.emplace(path, std::move(module)).first->second;
  }
  void add(const std::string& path, const at::Tensor& tensor) {
    const auto [parent, name] = split(path);
    at(parent).register_parameter(name, tensor, /*is_buffer=*/false);
  }

 private:
  Module make(const char* type) { return {c10::QualifiedName("__torch__.pipit." + std::string(type)), unit_, true}; }
  static std::pair<std::string, std::string> split(const std::string& path) {
    const auto dot = path.rfind('.');
    return dot == path.npos ? std::pair(std::string(), path) : std::pair(path.substr(0, dot), path.substr(dot + 1));
  }

  std::shared_ptr<torch::jit::CompilationUnit> unit_ = std::make_shared<torch::jit::CompilationUnit>();
  std::map<std::string, Module> modules_;
};

void define_transformer(Tree& tree, const std::string& path, std::int64_t layers, const BlockSource& block) {
  for (std::int64_t i = 0; i < layers; ++i)
    tree.at(fmt::format("{}.resblocks.{}", path, i)).define(block_source(block));
  tree.at(path).define(transformer_source(layers));
}

/// What shapes cannot show, as the reader of weights takes it (framework/weights/src/clip_hints.h).
std::string hints(const weights::ClipArchitecture& is) {
  std::string text =
      fmt::format(R"({{"activation":"{}")", is.activation == weights::Activation::kQuickGelu ? "quick_gelu" : "gelu");
  if (is.has_vision) text += fmt::format(R"(,"vision_heads":{})", is.vision.heads);
  if (is.has_text) text += fmt::format(R"(,"text_heads":{})", is.text.heads);
  return text + "}";
}

weights::ClipCheckpoint checkpoint_of(const pipit_torchscript_request& plain) {
  weights::ClipRequest request;
  if (plain.heads != 0) request.heads = plain.heads;
  if (plain.activation != nullptr) {
    const bool gelu = std::string_view(plain.activation) == "gelu";
    request.activation = gelu ? weights::Activation::kGelu : weights::Activation::kQuickGelu;
  }
  for (const char* const* pattern = plain.ignore; pattern != nullptr && *pattern != nullptr; ++pattern) {
    request.ignore.emplace_back(*pattern);
  }
  weights::OpenOptions options;
  if (plain.averaged != 0) options.state = weights::WeightState::kAveraged;
  return weights::resolve_whole_clip(weights::Checkpoint::open(plain.weights, options), request);
}

}  // namespace

void write_torchscript(const weights::ClipCheckpoint& checkpoint, const std::filesystem::path& file) {
  if (checkpoint.quantization) {
    throw Error(
        "invalid_argument",
        fmt::format("'{}' holds {}-bit weights, which TorchScript has no operators for; take the file that they "
                    "were quantised from",
                    checkpoint.file.path().string(), checkpoint.quantization->bits));
  }
  const weights::ClipArchitecture& is = checkpoint.architecture;
  if (const std::string variant = weights::describe_variant(is.variant); !variant.empty()) {
    throw Error(
        "invalid_argument",
        fmt::format("'{}' differs from the ordinary CLIP by {}, which pipit's TorchScript archives do not compute; "
                    "convert it to safetensors",
                    checkpoint.file.path().string(), variant));
  }
  if ((is.has_vision && is.vision.heads == 0) || (is.has_text && is.text.heads == 0)) {
    throw Error("internal", "a checkpoint for TorchScript is to be resolved with every tower that it has");
  }
  Footprint footprint;
  TensorReader reader(checkpoint, {}, footprint);
  Tree tree;
  for (const auto& [name, source] : checkpoint.tensors) tree.add(name, reader.read(name).contiguous());
  if (is.has_text) {
    define_transformer(tree, "transformer", is.text.layers, {is.text.width, is.text.heads, is.activation, 1e-5});
    tree.root().define(encode_text_source(is));
  }
  if (is.has_vision) {
    define_transformer(tree, "visual.transformer", is.vision.layers,
                       {is.vision.width, is.vision.heads, is.activation, 1e-5});
    if (is.head == weights::Head::kSeqTransf) {
      define_transformer(tree, "transformerClip", is.head_layers,
                         {is.embed_dim, is.text.heads, weights::Activation::kQuickGelu, 1e-12});
    } else if (is.head == weights::Head::kTransformerAdapter) {
      define_transformer(tree, "adapter.transformer", is.head_layers,
                         {is.embed_dim, is.text.heads, weights::Activation::kQuickGelu, 1e-5});
    }
    tree.root().define(encode_video_source(is));
  }
  // Whole or not at all: a reader of the old file keeps it.
  try {
    AtomicFile whole(file.has_parent_path() ? file.parent_path() : ".");
    tree.root().save(whole.temporary(), {{"pipit.clip", hints(is)}});
    whole.name(file, /*durable=*/true);
  } catch (const std::exception& error) {
    throw Error("output_failed", fmt::format("'{}' cannot be written: {}", file.string(), error.what()));
  }
}

}  // namespace pipit::clip

int pipit_clip_write_torchscript(const pipit_torchscript_request* request, void* user,
                                 void (*fail)(void* user, const char* code, const char* message)) {
  try {
    if (request->struct_size < sizeof(*request)) throw pipit::Error("unavailable", "the program is of another pipit");
    pipit::clip::write_torchscript(pipit::clip::checkpoint_of(*request), request->file);
    return 0;
  } catch (const pipit::Error& error) {
    fail(user, error.code().c_str(), error.what());
  } catch (const std::exception& error) {
    fail(user, "internal", error.what());
  }
  return 1;
}
