#include "pipit/weights/load_clip.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstring>

#include "content_digest.h"
#include "conversion_writer.h"
#include "fault.h"
#include "file_bytes.h"
#include "pipit/error.h"

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

ClipCheckpoint convert_in_memory(ClipCheckpoint checkpoint, const ClipRequest& request, const Conversion& conversion) {
  const ClipCheckpoint asked = asked_for(checkpoint, request);
  try {
    const SafetensorsWriter writer = converted_file(asked, conversion);
    const auto memory = FileBytes::allocate(writer.size());
    std::byte* to = memory->data();
    writer.write([&](Bytes bytes) {
      std::memcpy(to, bytes.data(), bytes.size());
      to += bytes.size();
    });
    checkpoint.file = Checkpoint::read(memory->bytes(), memory, checkpoint.file.path());
  } catch (const Fault& fault) {
    throw Error("invalid_checkpoint",
                fmt::format("weight_path '{}' {}", checkpoint.file.path().string(), fault.what()));
  }
  ClipCheckpoint converted = resolve_clip(checkpoint.file, {.vision = false, .text = false});
  checkpoint.tensors = std::move(converted.tensors);
  checkpoint.quantization = converted.quantization;
  return checkpoint;
}

}  // namespace

ClipCheckpoint load_clip(const std::filesystem::path& path, const ClipRequest& request, const LoadOptions& options) {
  const Checkpoint file = Checkpoint::open(path, {.mmap = options.mmap});
  if (!options.sha256.empty()) check_pin(file, options.sha256);
  ClipCheckpoint checkpoint = resolve_clip(file, request);
  const std::size_t bytes = bytes_to_convert(checkpoint, options.conversion);
  if (bytes == 0) return checkpoint;
  if (options.cache != nullptr && bytes >= kWorthAFile) {
    try {
      return options.cache->find_or_make(checkpoint, options.conversion);
    } catch (const Error& error) {
      if (error.code() != "output_failed") throw;
      if (options.warn) options.warn(fmt::format("{}; converting in memory", error.what()));
    }
  }
  if (!options.conversion.quantization && !checkpoint.quantization) return checkpoint;
  return convert_in_memory(std::move(checkpoint), request, options.conversion);
}

}  // namespace pipit::weights
