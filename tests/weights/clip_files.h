// CLIP checkpoints of any size, made up of names and shapes alone: the weights are zeros that take no place on disk.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "test_file.h"

using Shapes = std::map<std::string, std::vector<std::int64_t>>;

struct ClipSize {
  std::int64_t embed, resolution, vision_layers, vision_width, patch, text_width, text_layers;
  std::int64_t vocabulary = 49408;
  std::int64_t context = 77;
};

inline constexpr ClipSize kB32 = {512, 224, 12, 768, 32, 512, 12};
inline constexpr ClipSize kB16 = {512, 224, 12, 768, 16, 512, 12};
inline constexpr ClipSize kL14 = {768, 224, 24, 1024, 14, 768, 12};
inline constexpr ClipSize kL14At336 = {768, 336, 24, 1024, 14, 768, 12};
/// The size of the demo's own weights.
inline constexpr ClipSize kDemo = {128, 112, 4, 128, 16, 128, 4};

Shapes openai_shapes(const ClipSize& size);
Shapes under(const std::string& prefix, const Shapes& shapes);

/// A safetensors file of float16 tensors, or of another dtype by name for some.
std::unique_ptr<TestFile> clip_file(const Shapes& shapes, const std::map<std::string, std::string>& dtypes = {},
                                    const std::string& name = "model.safetensors",
                                    const std::map<std::string, std::string>& metadata = {});
