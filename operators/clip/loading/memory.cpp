#include "clip/loading/memory.h"

#include <ATen/Context.h>
#include <ATen/DeviceAccelerator.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <malloc.h>

#include <string>

#include "base/process_limits.h"
#include "pipit/error.h"

namespace pipit::clip {
namespace {

double megabytes(std::int64_t bytes) {
  return static_cast<double>(bytes) / 1e6;
}

}  // namespace

std::int64_t free_memory(c10::Device device) {
  if (device.is_cpu()) return available_memory();
  try {
    at::globalContext().lazyInitDevice(device.type());
    return static_cast<std::int64_t>(at::getDeviceAllocator(device.type())->getMemoryInfo(device.index()).first);
  } catch (const c10::Error& error) {
    // Its context alone takes hundreds of megabytes.
    const std::string what = error.what_without_backtrace();
    throw Error("unavailable",
                fmt::format("device '{}' cannot be used: {}", device.str(), what.substr(0, what.find('\n'))));
  }
}

void require_room(c10::Device device, std::int64_t needed, std::int64_t free) {
  if (needed <= free) return;
  throw Error(
      "out_of_memory",
      fmt::format("the model's weights need {:.1f} MB on {}, of which {:.1f} MB are free; take a dtype of fewer "
                  "bits, or make room",
                  megabytes(needed), device.str(), megabytes(free)));
}

void give_back_free_memory() {
  malloc_trim(0);
}

}  // namespace pipit::clip
