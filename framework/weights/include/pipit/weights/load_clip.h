// From a path to weights in the form that a model computes with.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "pipit/weights/clip_checkpoint.h"
#include "pipit/weights/conversion.h"
#include "pipit/weights/conversion_cache.h"
#include "pipit/weights/export.h"

namespace pipit::weights {

struct LoadOptions {
  bool mmap = true;
  /// In hexadecimal; a file with another sum is refused. Empty: any file.
  std::string sha256 = {};
  /// A folder of PEFT's (adapter_config.json and adapter_model.safetensors or .bin), merged into the weights. Empty:
  /// none.
  std::filesystem::path adapter_path = {};
  Conversion conversion = {};
  /// Null: nothing is kept.
  const ConversionCache* cache = nullptr;
  /// Called with what went wrong and did not matter, such as a cache that cannot be written. May be empty.
  std::function<void(const std::string&)> warn = {};
};

/// Opens, checks, pins, merges and converts. What can be used where it lies is; what cannot comes from the cache. With
/// no cache, weights are converted in memory when they have to be quantised or are, and are otherwise left for the
/// model to convert tensor by tensor as it reads them: `bytes_to_convert` tells. Throws pipit::Error as
/// Checkpoint::open and resolve_clip do.
PIPIT_WEIGHTS_EXPORT ClipCheckpoint load_clip(const std::filesystem::path& path, const ClipRequest& request,
                                              const LoadOptions& options = {});

}  // namespace pipit::weights
