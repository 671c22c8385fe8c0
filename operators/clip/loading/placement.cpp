#include "clip/loading/placement.h"

#include <ATen/ATen.h>
#include <ATen/cpu/Utils.h>
#include <fmt/format.h>

#include <charconv>
#include <string_view>

#include "base/dynamic_library.h"
#include "pipit/error.h"

namespace pipit::clip {
namespace {

/// How many CUDA devices there are. LibTorch remembers its first answer, so its CUDA part must be loaded before it is
/// asked.
int cuda_devices() {
  static const bool loaded = [] {
    try {
      DynamicLibrary::load("libtorch_cuda.so", DynamicLibrary::Scope::kGlobal);
      return true;
    } catch (const LoadFault&) {
      return false;  // a LibTorch for the CPU alone
    }
  }();
  return loaded && at::hasCUDA() ? static_cast<int>(at::detail::getCUDAHooks().deviceCount()) : 0;
}

[[noreturn]] void throw_unavailable(const std::string& device, int devices) {
  std::string there = "cpu";
  for (int i = 0; i < devices; ++i) there += fmt::format(", cuda:{}", i);
  throw Error("unavailable", fmt::format("device '{}' is not there; this machine has {}", device, there));
}

c10::Device parse_device(const std::string& device) {
  if (device == "cpu") return {c10::DeviceType::CPU};
  std::string_view number = device;
  int index = 0;
  if (device != "cuda") {
    constexpr std::string_view kPrefix = "cuda:";
    const char* const end = number.data() + number.size();
    const bool prefixed = number.starts_with(kPrefix);
    if (prefixed) number.remove_prefix(kPrefix.size());
    const auto [rest, error] = std::from_chars(number.data(), end, index);
    if (!prefixed || error != std::errc() || rest != end || index < 0) {
      throw Error("invalid_argument", fmt::format("device is cpu, cuda or cuda:N, got '{}'", device));
    }
  }
  const int devices = cuda_devices();
  if (index >= devices) throw_unavailable(device, devices);
  return {c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(index)};
}

bool computes_in_bfloat16(c10::Device device) {
  if (device.is_cuda()) return true;
  const auto capabilities = at::cpu::get_cpu_capabilities();
  const auto found = capabilities.find("avx512_bf16");
  return found != capabilities.end() && found->second.toBool();
}

}  // namespace

Placement Placement::parse(const std::string& device, const std::string& dtype,
                           std::optional<weights::Quantization> stored) {
  Placement placement;
  placement.device = parse_device(device);
  if (dtype == "float32") {
    placement.dtype = at::kFloat;
  } else if (dtype == "bfloat16") {
    placement.dtype = at::kBFloat16;
  } else if (dtype == "float16") {
    if (!placement.device.is_cuda()) {
      throw Error("invalid_argument",
                  fmt::format("dtype float16 is for CUDA devices, device is '{}'; take bfloat16 or float32", device));
    }
    placement.dtype = at::kHalf;
  } else if (dtype == "int8") {
    placement.quantization = weights::kEightBits;
  } else if (dtype == "int4") {
    placement.quantization = weights::kFourBits;
  } else if (dtype == "auto") {
    placement.quantization = stored;
    if (!stored && computes_in_bfloat16(placement.device)) placement.dtype = at::kBFloat16;
  } else {
    throw Error("invalid_argument",
                fmt::format("dtype is float32, bfloat16, float16, int8, int4 or auto, got '{}'", dtype));
  }
  if (stored && placement.quantization != stored) {
    throw Error("invalid_argument",
                fmt::format("weight_path holds {0}-bit weights, which are used as they are, dtype is {1}; take dtype "
                            "int{0} or auto, or the file that they were quantised from",
                            stored->bits, dtype));
  }
  if (placement.quantization && !placement.device.is_cpu()) {
    throw Error("invalid_argument", fmt::format("{0}-bit weights are for the CPU, device is '{1}'; take float16, "
                                                "bfloat16 or float32 and a file that holds such weights",
                                                placement.quantization->bits, device));
  }
  return placement;
}

bool Placement::emulated() const {
  return dtype == c10::ScalarType::BFloat16 && !computes_in_bfloat16(device);
}

std::string Placement::dtype_name() const {
  if (quantization) return fmt::format("int{}", quantization->bits);
  if (dtype == c10::ScalarType::Float) return "float32";
  return dtype == c10::ScalarType::BFloat16 ? "bfloat16" : "float16";
}

}  // namespace pipit::clip
