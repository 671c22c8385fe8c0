#include "weights/formats/shard_index.h"

#include <nlohmann/json.hpp>

namespace pipit::weights {
namespace {

constexpr std::size_t kMostBytes = 1 << 20;  // that of a ViT-B/32 has 40 KB
constexpr std::size_t kMostFiles = 1'000;

}  // namespace

bool looks_like_shard_index(Bytes file) {
  return file.size() <= kMostBytes && file[0] == std::byte{'{'} &&
         as_text(file).find("\"weight_map\"") != std::string_view::npos;
}

ShardIndex read_shard_index(Bytes file) {
  nlohmann::json json = nlohmann::json::parse(as_text(file), nullptr, false);
  if (json.is_discarded()) damaged("it is not JSON");
  auto map = json.find("weight_map");
  if (map == json.end() || !map->is_object()) damaged("its weight_map is not an object");
  ShardIndex index;
  for (const auto& [tensor, value] : map->items()) {
    if (!value.is_string()) damaged("its weight_map has no file name for {}", quote(tensor));
    auto name = value.get<std::string>();
    if (name.empty() || name.front() == '.' || name.find('/') != std::string::npos ||
        name.find('\0') != std::string::npos) {
      damaged("its weight_map has {} for {}, which is not a plain file name", quote(name), quote(tensor));
    }
    index[name].insert(tensor);
    if (index.size() > kMostFiles) damaged("its weight_map names more than {} files", kMostFiles);
  }
  if (index.empty()) damaged("its weight_map is empty");
  return index;
}

std::filesystem::path find_weights(const std::filesystem::path& folder) {
  for (const char* name : {"model.safetensors", "model.safetensors.index.json", "open_clip_model.safetensors",
                           "pytorch_model.bin", "pytorch_model.bin.index.json", "open_clip_pytorch_model.bin"}) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(folder / name, ignored)) return folder / name;
  }
  fail("is a folder without model.safetensors or pytorch_model.bin; name the weight file in it");
}

}  // namespace pipit::weights
