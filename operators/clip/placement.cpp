#include "clip/placement.h"

#include <ATen/ATen.h>
#include <ATen/cpu/Utils.h>
#include <dlfcn.h>
#include <fmt/format.h>

#include <charconv>
#include <string_view>

#include "pipit/error.h"

namespace pipit::clip {
namespace {

/// How many CUDA devices there are. LibTorch remembers its first answer, so its CUDA part must be loaded before it is
/// asked.
int cuda_devices() {
  static const bool loaded = dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) != nullptr;
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

Placement Placement::parse(const std::string& device, const std::string& dtype) {
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
  } else if (dtype == "auto") {
    placement.dtype = computes_in_bfloat16(placement.device) ? at::kBFloat16 : at::kFloat;
  } else {
    throw Error("invalid_argument", fmt::format("dtype is float32, bfloat16, float16 or auto, got '{}'", dtype));
  }
  return placement;
}

std::string Placement::dtype_name() const {
  if (dtype == c10::ScalarType::Float) return "float32";
  return dtype == c10::ScalarType::BFloat16 ? "bfloat16" : "float16";
}

}  // namespace pipit::clip
