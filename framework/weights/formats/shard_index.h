// A checkpoint in several files, as Hugging Face's save_pretrained splits it. Its index is a JSON object; the files lie
// beside it:
//
//   {"metadata": {"total_size": BYTES},                                     not read
//    "weight_map": {"TENSOR": "model-00001-of-00002.safetensors", …}}       which file has which tensor
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "weights/files/bytes.h"

namespace pipit::weights {

/// By file name, the tensors in it.
using ShardIndex = std::map<std::string, std::set<std::string>>;

bool looks_like_shard_index(Bytes file);

/// Throws Fault, also for a file name that would lead out of the index's folder.
ShardIndex read_shard_index(Bytes file);

/// The file in a model folder that has the weights, or the index of those that have: safetensors before PyTorch's.
/// Throws Fault where there is none.
std::filesystem::path find_weights(const std::filesystem::path& folder);

}  // namespace pipit::weights
