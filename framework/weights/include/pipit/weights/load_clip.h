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

struct LoadClipOptions {
  bool mmap = true;
  /// Which of the weights in the file.
  WeightState state = WeightState::kModel;
  /// In hexadecimal; a file with another sum is refused. Empty: any file.
  std::string sha256 = {};
  /// A folder of PEFT's (adapter_config.json and adapter_model.safetensors or .bin), merged into the weights in memory.
  /// Empty: none.
  std::filesystem::path adapter_path = {};
};

/// Checkpoint::open, the pin, resolve_clip and the adapter, in that order. Throws pipit::Error as they do.
PIPIT_WEIGHTS_EXPORT ClipCheckpoint load_clip(const std::filesystem::path& path, const ClipRequest& request,
                                              const LoadClipOptions& options = {});

/// resolve_clip with whichever towers the file has, whatever the request says of them.
PIPIT_WEIGHTS_EXPORT ClipCheckpoint resolve_whole_clip(const Checkpoint& file, ClipRequest request);

/// The checkpoint with what has to be converted from the cache, or as it is where that is little, where an adapter was
/// merged, and where the cache fails; `warn` is told the last. What is left, `bytes_to_convert` tells; the model
/// converts it tensor by tensor as it reads. Throws pipit::Error (`invalid_checkpoint`) for weights that have no such
/// form.
PIPIT_WEIGHTS_EXPORT ClipCheckpoint convert_for_model(ClipCheckpoint checkpoint, const Conversion& conversion,
                                                      const ConversionCache& cache,
                                                      const std::function<void(const std::string&)>& warn);

}  // namespace pipit::weights
