#include "base/dynamic_library.h"

#include <dlfcn.h>

#define BOOST_DLL_USE_STD_FS
#include <boost/dll/shared_library.hpp>

#include <memory>
#include <mutex>
#include <vector>

namespace pipit {
namespace {

/// Keeps a library for the life of the process; found by whoever looks for
/// leaks.
void* keep(std::unique_ptr<boost::dll::shared_library> library) {
  static std::mutex mutex;
  static auto* kept = new std::vector<std::unique_ptr<boost::dll::shared_library>>;  // leaked on
                                                                                     // purpose
  const std::scoped_lock lock(mutex);
  return kept->emplace_back(std::move(library))->native();
}

}  // namespace

DynamicLibrary DynamicLibrary::load(const std::filesystem::path& file, Scope scope) {
  using boost::dll::load_mode::type;
  namespace mode = boost::dll::load_mode;
  // A bare name is the system's to look for; Boost.DLL would make "./name" of
  // it otherwise.
  type how = mode::rtld_now | (scope == Scope::kGlobal ? mode::rtld_global : mode::rtld_local);
  if (!file.has_parent_path()) how |= mode::search_system_folders;
  auto library = std::make_unique<boost::dll::shared_library>();
  boost::dll::fs::error_code error;
  dlerror();  // what an earlier failure left
  library->load(file, error, how);
  if (error) {
    // Boost keeps the code only; the loader's own sentence names the missing
    // library or symbol.
    const char* reason = dlerror();
    throw LoadFault(reason != nullptr ? reason : error.message());
  }
  return DynamicLibrary(keep(std::move(library)));
}

void* DynamicLibrary::symbol(const char* name) const {
  return dlsym(handle_, name);
}

}  // namespace pipit
