// The methods of a TorchScript archive, as TorchScript.
#pragma once

#include <cstdint>
#include <string>

#include "pipit/weights/clip_checkpoint.h"

namespace pipit::clip {

struct BlockSource {
  std::int64_t width;
  std::int64_t heads;
  weights::Activation activation;
  double eps;
};

/// forward(x [n, length, width], causal) of a residual attention block.
std::string block_source(const BlockSource& block);

/// forward(x, causal) of a stack of blocks, whose parts `resblocks` are named by their numbers.
std::string transformer_source(std::int64_t layers);

std::string encode_text_source(const weights::ClipArchitecture& architecture);
std::string encode_video_source(const weights::ClipArchitecture& architecture);

}  // namespace pipit::clip
