// Where a model computes, and in which element type.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <optional>
#include <string>

#include "clip/api.h"
#include "pipit/weights/quantization.h"

namespace pipit::clip {

struct PIPIT_CLIP_API Placement {
  c10::Device device{c10::DeviceType::CPU};
  c10::ScalarType dtype = c10::ScalarType::Float;
  /// Of the linear weights of the blocks; everything else is of `dtype`.
  std::optional<weights::Quantization> quantization = {};

  /// `device` is cpu, cuda or cuda:N. `dtype` is float32, bfloat16, float16 (CUDA only), int8, int4 (CPU only) or auto:
  /// what the file holds if that is quantized (`stored`), else bfloat16 where the device has instructions for it, else
  /// float32. CUDA's part of LibTorch is loaded when it is asked for, not before. Throws pipit::Error:
  /// `invalid_argument`, also for a quantized file and any other dtype, since its weights are never widened as a whole;
  /// or `unavailable` for a device that is not there, with those that are.
  static Placement parse(const std::string& device, const std::string& dtype,
                         std::optional<weights::Quantization> stored = {});
  /// Whether the device computes in `dtype` without instructions for it: some three times slower than in float32.
  bool emulated() const;
  /// "float32", "bfloat16", "float16", "int8" or "int4".
  std::string dtype_name() const;
};

}  // namespace pipit::clip
