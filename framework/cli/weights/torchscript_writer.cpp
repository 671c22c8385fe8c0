#include "cli/weights/torchscript_writer.h"

#include <fmt/format.h>

#include <optional>
#include <vector>

#include "base/dynamic_library.h"
#include "module/installation.h"
#include "pipit/error.h"
#include "pipit/weights/torchscript.h"

namespace pipit::cli {

void write_torchscript(const std::string& weights, weights::WeightState state, const weights::ClipRequest& request,
                       const std::filesystem::path& file) {
  const auto library = runtime_folder().parent_path() / "libpipit_clip.so";
  pipit_torchscript_function write = nullptr;
  try {
    write =
        reinterpret_cast<pipit_torchscript_function>(DynamicLibrary::load(library).symbol(PIPIT_TORCHSCRIPT_FUNCTION));
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
  std::vector<const char*> ignore;
  for (const std::string& pattern : request.ignore) ignore.push_back(pattern.c_str());
  ignore.push_back(nullptr);
  pipit_torchscript_request plain{};
  plain.struct_size = sizeof(plain);
  plain.averaged = state == weights::WeightState::kAveraged ? 1 : 0;
  plain.weights = weights.c_str();
  plain.file = file.c_str();
  plain.heads = request.heads.value_or(0);
  if (request.activation) plain.activation = *request.activation == weights::Activation::kGelu ? "gelu" : "quick_gelu";
  plain.ignore = ignore.data();
  write(&plain, &error, keep);
  if (error) throw Error(*error);
}

}  // namespace pipit::cli
