// pipit weights inspect

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/weights/weights.h"
#include "pipit/error.h"
#include "pipit/weights/conversion.h"
#include "pipit/weights/vector_space.h"

namespace pipit::cli {
namespace {

namespace po = boost::program_options;
using Json = nlohmann::ordered_json;
using weights::Checkpoint;
using weights::ClipArchitecture;
using weights::ClipCheckpoint;
using weights::Conversion;
using weights::DType;

std::string head_text(const ClipArchitecture& is) {
  const bool layered = is.head == weights::Head::kSeqTransf || is.head == weights::Head::kTransformerAdapter;
  return fmt::format("{}{}", weights::head_name(is.head),
                     layered ? fmt::format(" of {} layers", is.head_layers) : std::string());
}

// What the file is, before anything is made of its tensors.
Json describe_file(const Checkpoint& file) {
  Json dtypes = Json::object();
  for (const auto& [name, view] : file.tensors()) {
    Json& count = dtypes[std::string(dtype_name(view.dtype))];
    count = count.is_null() ? 1 : count.get<int>() + 1;
  }
  std::uintmax_t bytes = 0;
  for (const auto& path : file.files()) bytes += std::filesystem::file_size(path);
  Json json = {{"file", file.path().string()}, {"bytes", bytes}, {"container", container_name(file.container())}};
  if (file.files().size() > 1) json["shards"] = file.files().size();
  json["tensors"] = file.tensors().size();
  json["dtypes"] = dtypes;
  if (!file.averaged().empty()) json["averaged"] = file.averaged();
  return json;
}

Json describe_tower(const weights::Tower& tower) {
  return {{"width", tower.width}, {"layers", tower.layers}, {"heads", tower.heads}, {"mlp", tower.mlp}};
}

Json describe_memory(const ClipCheckpoint& checkpoint) {
  const bool eight = !checkpoint.quantization || checkpoint.quantization == weights::kEightBits;
  const bool four = !checkpoint.quantization || checkpoint.quantization == weights::kFourBits;
  Json memory = Json::object();
  const auto add = [&](const char* name, const Conversion& conversion) {
    try {
      const ClipArchitecture& is = checkpoint.architecture;
      Json bytes = Json::object();
      if (is.has_vision) bytes["video"] = converted_bytes(checkpoint, conversion, {.vision = true, .text = false});
      if (is.has_text) bytes["text"] = converted_bytes(checkpoint, conversion, {.vision = false, .text = true});
      memory[name] = bytes;
    } catch (const Error&) {
      // Weights that have no such form: groups of 4 bits do not fit into their columns.
    }
  };
  add("float32", {.dtype = DType::kFloat32});
  add("bfloat16", {.dtype = DType::kBFloat16});
  if (eight) add("int8", {.dtype = DType::kFloat32, .quantization = weights::kEightBits});
  if (four) add("int4", {.dtype = DType::kFloat32, .quantization = weights::kFourBits});
  return memory;
}

std::string node_yaml(const ClipCheckpoint& checkpoint, const po::variables_map& values, bool video) {
  std::string name = checkpoint.architecture.name;
  const auto& known = weights::clip_model_names();
  if (std::ranges::find(known, name) == known.end()) name = "auto";
  std::string more;
  for (const char* option : {"heads", "activation"}) {
    if (!values.contains(option)) continue;
    more += fmt::format(
        ", {}: {}", option,
        option[0] == 'h' ? std::to_string(values[option].as<std::int64_t>()) : values[option].as<std::string>());
  }
  if (values.contains("state")) more += fmt::format(", state: {}", values["state"].as<std::string>());
  if (values.contains("ignore")) {
    more += fmt::format(", ignore: {}", Json(values["ignore"].as<std::vector<std::string>>()).dump());
  }
  return fmt::format(
      "- {{name: embed_{0}, op: video_text_embedding.clip4clip, in: {1}, out: {0}_vec,\n"
      "   args: {{model_name: {2}, weight_path: {3}, modality: {0}{4}}}}}",
      video ? "video" : "text", video ? "frame" : "text", name, Json(checkpoint.file.path().string()).dump(), more);
}

Json describe_model(const ClipCheckpoint& checkpoint, const po::variables_map& values) {
  const ClipArchitecture& is = checkpoint.architecture;
  std::int64_t parameters = 0;
  for (const auto& [name, source] : checkpoint.tensors) {
    for (const auto& part : source.parts) {
      parameters += part.elements() * (source.scales && source.scales->zero ? 2 : 1);  // two 4-bit ones a byte
    }
  }
  Json json = {{"layout", checkpoint.layout},
               {"architecture", is.name},
               {"embed_dim", is.embed_dim},
               {"parameters", parameters}};
  if (is.has_vision) {
    json["vision"] = describe_tower(is.vision);
    json["vision"]["patch"] = is.patch;
    json["vision"]["resolution"] = is.resolution;
    json["vision"]["linear_patch"] = is.linear_patch == weights::LinearPatch::k3d ? "3d" : "2d";
  }
  if (is.has_text) {
    json["text"] = describe_tower(is.text);
    json["text"]["context_length"] = is.context_length;
    json["text"]["vocab_size"] = is.vocab_size;
  }
  json["activation"] = is.activation == weights::Activation::kGelu ? "gelu" : "quick_gelu";
  json["head"] = head_text(is);
  if (std::string variant = describe_variant(is.variant); !variant.empty()) json["variant"] = Json::parse(variant);
  std::optional<weights::ConversionCache> cache;
  if (const auto folder = weights::ConversionCache::default_folder()) cache.emplace(*folder);
  json["space"] = weights::VectorSpace(checkpoint, /*mapped=*/true, std::move(cache)).name(/*through_head=*/true);
  if (checkpoint.quantization) json["quantized_bits"] = checkpoint.quantization->bits;
  json["memory_bytes"] = describe_memory(checkpoint);
  json["assumptions"] = checkpoint.assumptions;
  json["use"] = Json::array();
  if (is.has_vision) json["use"].push_back(node_yaml(checkpoint, values, true));
  if (is.has_text) json["use"].push_back(node_yaml(checkpoint, values, false));
  return json;
}

std::string line_text(const std::string& key, const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (key == "bytes" || key == "video" || key == "text") {
    if (value.is_number()) return size_text(value.get<std::uint64_t>());
  }
  if (!value.is_object()) return value.dump();
  std::string text;
  for (const auto& [name, inner] : value.items()) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, line_text(name, inner));
  }
  return text;
}

void print_text(const Json& json) {
  for (const auto& [key, value] : json.items()) {
    if (key == "use") {
      fmt::print("use\n");
      for (const Json& node : value) fmt::print("{}\n", node.get<std::string>());
    } else if (key == "memory_bytes") {
      for (const auto& [dtype, bytes] : value.items()) fmt::print("memory {}: {}\n", dtype, line_text("", bytes));
    } else if (value.is_array()) {
      for (const Json& one : value) fmt::print("{}: {}\n", key, one.get<std::string>());
    } else {
      fmt::print("{}: {}\n", key, line_text(key, value));
    }
  }
}

}  // namespace

int inspect_weights(const Arguments& arguments) {
  po::options_description options("options");
  add_checkpoint_options(options);
  po::positional_options_description positional;
  positional.add("file", 1);
  const Parsed parsed =
      parse(arguments, "weights inspect FILE [--heads N] [--activation NAME] [--json]", options, positional);
  if (parsed.done) return kAllGood;
  Json json = describe_file(open_file(parsed.values));
  std::string refusal;
  try {
    json.update(describe_model(open_checkpoint(parsed.values), parsed.values));
  } catch (const Error& error) {
    // The file can be read, but its model cannot run; the error says what it is.
    refusal = error.what();
    json["refused"] = refusal;
  }
  if (parsed.values["json"].as<bool>()) {
    fmt::print("{}\n", json.dump(2));
  } else {
    print_text(json);
  }
  return refusal.empty() ? kAllGood : kNothingRan;
}

}  // namespace pipit::cli
