// Weights in another form: written to a file, or for a model that cannot use them as they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "pipit/weights/clip_checkpoint.h"
#include "pipit/weights/export.h"

namespace pipit::weights {

struct Conversion {
  /// Of the towers' tensors that are not quantised: float32, float16 or bfloat16; unset: as the file has each. A head's
  /// tensors always keep theirs: they are small, and computed with in float32.
  std::optional<DType> dtype = {};
  /// Of the blocks' linear weights; unset: none, and what is quantised becomes `dtype`, or float32.
  std::optional<Quantization> quantization = {};
  /// Canonical names of tensors that keep their element type too.
  std::vector<std::string> kept = {};
};

/// "float32", "int8", "int4-float16", "float32-but-token_embedding.weight": for messages and file names.
PIPIT_WEIGHTS_EXPORT std::string conversion_name(const Conversion& conversion);

/// Bytes of the tensors that a model would have to copy to get them in this form: those of another element type, in
/// parts, unaligned, or not row by row. 0: all can be used where they lie.
PIPIT_WEIGHTS_EXPORT std::size_t bytes_to_convert(const ClipCheckpoint& checkpoint, const Conversion& conversion);

/// Bytes of the tensors in this form, of the towers that the request asks for (and its head).
PIPIT_WEIGHTS_EXPORT std::uint64_t converted_bytes(const ClipCheckpoint& checkpoint, const Conversion& conversion,
                                                   const ClipRequest& request = {});

/// Writes a safetensors file with the canonical names, which `weight_path` takes; what a config beside the source told
/// is in its metadata. Numbers that keep their element type keep their bits; others are rounded to the nearest, halves
/// to even. The file is there wholly, or not at all. `progress` is told now and then how many bytes of how many are
/// written. Throws pipit::Error: `output_failed`, or `invalid_checkpoint` for weights that have no such form.
PIPIT_WEIGHTS_EXPORT void write_converted(
    const ClipCheckpoint& checkpoint, const Conversion& conversion, const std::filesystem::path& path,
    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress = {});

}  // namespace pipit::weights
