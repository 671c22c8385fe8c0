#include "pipit/weights/load_clip.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "pipit/error.h"
#include "weights/clip/lora_adapter.h"
#include "weights/formats/content_digest.h"

namespace pipit::weights {
namespace {

// Copying less than this as the model reads it costs less than a file of its own.
constexpr std::size_t kWorthAFile = std::size_t{1} << 20;

void check_pin(const Checkpoint& file, std::string pin) {
  std::transform(pin.begin(), pin.end(), pin.begin(), [](unsigned char c) { return std::tolower(c); });
  constexpr std::size_t kHexDigits = 64;
  if (pin.size() != kHexDigits || pin.find_first_not_of("0123456789abcdef") != std::string::npos) {
    throw Error("invalid_argument", fmt::format("sha256 is 64 hexadecimal digits, got '{}'", pin));
  }
  // A pin is a promise about these bytes; what a memo says of them is none.
  const std::string sum = ContentDigest::sha256(file);
  if (sum != pin) {
    throw Error("invalid_checkpoint",
                fmt::format("weight_path '{}' has the SHA-256 sum {}, sha256 says {}", file.path().string(), sum, pin));
  }
}

}  // namespace

ClipCheckpoint load_clip(const std::filesystem::path& path, const ClipRequest& request,
                         const LoadClipOptions& options) {
  const Checkpoint file = Checkpoint::open(path, {.mmap = options.mmap, .state = options.state});
  if (!options.sha256.empty()) check_pin(file, options.sha256);
  ClipCheckpoint checkpoint = resolve_clip(file, request);
  if (!options.adapter_path.empty()) merge_adapter(options.adapter_path, checkpoint);
  return checkpoint;
}

ClipCheckpoint resolve_whole_clip(const Checkpoint& file, ClipRequest request) {
  request.vision = request.text = false;
  const ClipArchitecture is = resolve_clip(file, request).architecture;
  request.vision = is.has_vision;
  request.text = is.has_text;
  return resolve_clip(file, request);
}

ClipCheckpoint convert_for_model(ClipCheckpoint checkpoint, const Conversion& conversion, const ConversionCache& cache,
                                 const std::function<void(const std::string&)>& warn) {
  // The cache knows weights by their file's content, and an adapter is none of it.
  if (!checkpoint.adapter.empty() || bytes_to_convert(checkpoint, conversion) < kWorthAFile) return checkpoint;
  try {
    return cache.find_or_make(checkpoint, conversion);
  } catch (const Error& error) {
    if (error.code() != "output_failed") throw;
    warn(fmt::format("{}; the weights are converted in memory", error.what()));
    return checkpoint;
  }
}

}  // namespace pipit::weights
