#include "installation.h"

#include <dlfcn.h>

namespace pipit {

const std::filesystem::path& runtime_folder() {
  static const std::filesystem::path folder = [] {
    Dl_info info{};
    dladdr(reinterpret_cast<const void*>(&runtime_folder), &info);
    std::error_code error;
    const auto self =
        std::filesystem::canonical(info.dli_fname ? info.dli_fname : "/proc/self/exe", error).parent_path();
    // A library lies beside the folder, a program in a folder beside lib/.
    const auto beside = self / "pipit";
    return std::filesystem::is_directory(beside, error) ? beside : (self.parent_path() / "lib" / "pipit");
  }();
  return folder;
}

}  // namespace pipit
