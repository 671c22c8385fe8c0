#include "clip_files.h"

#include <functional>
#include <nlohmann/json.hpp>

namespace {

void add_blocks(Shapes& shapes, const std::string& prefix, std::int64_t layers, std::int64_t width) {
  for (std::int64_t i = 0; i < layers; ++i) {
    std::string block = prefix + "transformer.resblocks." + std::to_string(i) + ".";
    for (const char* norm : {"ln_1", "ln_2"}) {
      shapes[block + norm + ".weight"] = shapes[block + norm + ".bias"] = {width};
    }
    shapes[block + "attn.in_proj_weight"] = {3 * width, width};
    shapes[block + "attn.in_proj_bias"] = {3 * width};
    shapes[block + "attn.out_proj.weight"] = {width, width};
    shapes[block + "attn.out_proj.bias"] = {width};
    shapes[block + "mlp.c_fc.weight"] = {4 * width, width};
    shapes[block + "mlp.c_fc.bias"] = {4 * width};
    shapes[block + "mlp.c_proj.weight"] = {width, 4 * width};
    shapes[block + "mlp.c_proj.bias"] = {width};
  }
}

}  // namespace

Shapes openai_shapes(const ClipSize& size) {
  std::int64_t grid = size.resolution / size.patch;
  Shapes shapes;
  shapes["visual.class_embedding"] = {size.vision_width};
  shapes["visual.positional_embedding"] = {grid * grid + 1, size.vision_width};
  shapes["visual.conv1.weight"] = {size.vision_width, 3, size.patch, size.patch};
  for (const char* norm : {"visual.ln_pre", "visual.ln_post"}) {
    shapes[norm + std::string(".weight")] = shapes[norm + std::string(".bias")] = {size.vision_width};
  }
  shapes["visual.proj"] = {size.vision_width, size.embed};
  add_blocks(shapes, "visual.", size.vision_layers, size.vision_width);
  shapes["token_embedding.weight"] = {size.vocabulary, size.text_width};
  shapes["positional_embedding"] = {size.context, size.text_width};
  shapes["ln_final.weight"] = shapes["ln_final.bias"] = {size.text_width};
  shapes["text_projection"] = {size.text_width, size.embed};
  add_blocks(shapes, "", size.text_layers, size.text_width);
  shapes["logit_scale"] = {};
  return shapes;
}

Shapes under(const std::string& prefix, const Shapes& shapes) {
  Shapes result;
  for (const auto& [name, shape] : shapes) result[prefix + name] = shape;
  return result;
}

std::unique_ptr<TestFile> clip_file(const Shapes& shapes, const std::map<std::string, std::string>& dtypes,
                                    const std::string& name, const std::map<std::string, std::string>& metadata) {
  const std::map<std::string, std::int64_t> item_bytes = {{"I8", 1}, {"U8", 1}, {"F16", 2}, {"F32", 4}};
  nlohmann::json header = nlohmann::json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::int64_t at = 0;
  // The widest first, so that each is aligned.
  std::multimap<std::int64_t, std::string, std::greater<>> order;
  for (const auto& [tensor, shape] : shapes) {
    auto given = dtypes.find(tensor);
    order.emplace(item_bytes.at(given != dtypes.end() ? given->second : "F16"), tensor);
  }
  for (const auto& [item, tensor] : order) {
    auto given = dtypes.find(tensor);
    std::string dtype = given != dtypes.end() ? given->second : "F16";
    std::int64_t bytes = item;
    for (std::int64_t size : shapes.at(tensor)) bytes *= size;
    header[tensor] = {{"dtype", dtype}, {"shape", shapes.at(tensor)}, {"data_offsets", {at, at + bytes}}};
    at += bytes;
  }
  std::string text = header.dump();
  auto file = std::make_unique<TestFile>(little_endian<std::uint64_t>(text.size()) + text, name);
  file->grow(8 + text.size() + static_cast<std::uintmax_t>(at));
  return file;
}
