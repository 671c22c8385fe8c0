// Where a model computes, and in which element type.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <string>

#include "clip/api.h"

namespace pipit::clip {

struct PIPIT_CLIP_API Placement {
  c10::Device device{c10::DeviceType::CPU};
  c10::ScalarType dtype = c10::ScalarType::Float;

  /// `device` is cpu, cuda or cuda:N; `dtype` is float32, bfloat16, float16 (CUDA only) or auto: bfloat16 where the
  /// device has instructions for it, else float32. CUDA's part of LibTorch is loaded when it is asked for, not before.
  /// Throws pipit::Error: `invalid_argument`, or `unavailable` for a device that is not there, with those that are.
  static Placement parse(const std::string& device, const std::string& dtype);
  /// "float32", "bfloat16" or "float16".
  std::string dtype_name() const;
};

}  // namespace pipit::clip
