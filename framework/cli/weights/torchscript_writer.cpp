#include "cli/weights/torchscript_writer.h"

#include <fmt/format.h>

#include <optional>

#include "base/dynamic_library.h"
#include "module/installation.h"
#include "pipit/error.h"

namespace pipit::cli {
namespace {

// operators/clip/export/torchscript.h
using Fail = void(void* user, const char* code, const char* message);
using Write = int(const void* checkpoint, const char* file, void* user, Fail* fail);

}  // namespace

void write_torchscript(const weights::ClipCheckpoint& checkpoint, const std::filesystem::path& file) {
  const auto library = runtime_folder().parent_path() / "libpipit_clip.so";
  Write* write = nullptr;
  try {
    write = reinterpret_cast<Write*>(DynamicLibrary::load(library).symbol("pipit_clip_write_torchscript"));
  } catch (const LoadFault& fault) {
    throw Error(
        "unavailable",
        fmt::format("TorchScript takes LibTorch and the model's library, which cannot be opened: {}", fault.what()));
  }
  if (write == nullptr) throw Error("unavailable", fmt::format("'{}' is of another pipit", library.string()));
  std::optional<Error> error;
  const auto keep = [](void* user, const char* code, const char* message) {
    *static_cast<std::optional<Error>*>(user) = Error(code, message);
  };
  write(&checkpoint, file.c_str(), &error, keep);
  if (error) throw Error(*error);
}

}  // namespace pipit::cli
