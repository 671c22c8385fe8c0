#include "module/libtorch.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <mutex>

#include "base/dynamic_library.h"
#include "module/installation.h"
#include "pipit/error.h"

#ifndef PIPIT_RUNTIME_LIBTORCH
#define PIPIT_RUNTIME_LIBTORCH ""
#endif

namespace pipit {
namespace {

/// A folder with lib/: the environment's, or the one that is installed with pipit.
std::filesystem::path libtorch_folder() {
  const char* given = std::getenv("PIPIT_LIBTORCH");
  return given != nullptr && *given != '\0' ? std::filesystem::path(given) : runtime_folder() / "libtorch" / "torch";
}

void open_library(const char* library, DynamicLibrary::Scope scope) {
  const auto file = libtorch_folder() / "lib" / library;
  try {
    DynamicLibrary::load(file, scope);
  } catch (const LoadFault& fault) {
    throw Error("unavailable", fmt::format("cannot open LibTorch's '{}': {}", file.string(), fault.what()));
  }
}

}  // namespace

const char* runtime_libtorch() {
  return PIPIT_RUNTIME_LIBTORCH;
}

void open_libtorch() {
  static std::once_flag once;
  std::call_once(once, [] { open_library("libtorch_cpu.so", DynamicLibrary::Scope::kLocal); });
}

void open_libtorch_cuda() {
  static std::once_flag once;
  std::call_once(once, [] {
    try {
      open_library("libtorch_cuda.so", DynamicLibrary::Scope::kGlobal);
    } catch (const Error& e) {
      throw Error(
          e.code(),
          fmt::format("device cuda needs the CUDA half of LibTorch, which is not there: {}; use device: cpu, or "
                      "build with a LibTorch that has its CUDA libraries (-DPIPIT_LIBTORCH=DIR)",
                      e.what()));
    }
  });
}

}  // namespace pipit
