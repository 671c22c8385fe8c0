#include "cli/weights/torchscript_writer.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <optional>

#include "module/installation.h"
#include "pipit/error.h"

namespace pipit::cli {
namespace {

// operators/clip/torchscript.h
using Fail = void(void* user, const char* code, const char* message);
using Write = int(const void* checkpoint, const char* file, void* user, Fail* fail);

}  // namespace

void write_torchscript(const weights::ClipCheckpoint& checkpoint, const std::filesystem::path& file) {
  const auto library = runtime_folder().parent_path() / "libpipit_clip.so";
  void* const handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);  // never closed: LibTorch does not stand it
  if (handle == nullptr) {
    throw Error(
        "unavailable",
        fmt::format("TorchScript takes LibTorch and the model's library, which cannot be opened: {}", dlerror()));
  }
  auto* const write = reinterpret_cast<Write*>(dlsym(handle, "pipit_clip_write_torchscript"));
  if (write == nullptr) throw Error("unavailable", fmt::format("'{}' is of another pipit", library.string()));
  std::optional<Error> error;
  const auto keep = [](void* user, const char* code, const char* message) {
    *static_cast<std::optional<Error>*>(user) = Error(code, message);
  };
  write(&checkpoint, file.c_str(), &error, keep);
  if (error) throw Error(*error);
}

}  // namespace pipit::cli
