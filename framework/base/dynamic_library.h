// Shared objects, loaded for good.
#pragma once

#include <filesystem>
#include <stdexcept>

namespace pipit {

/// Why the system's loader took a file for no library, in its own words.
class LoadFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A library with all its symbols bound. It is never unloaded: LibTorch does
/// not survive that, and values keep pointers to the code that made them.
class DynamicLibrary {
 public:
  enum class Scope {
    kLocal,   // its symbols are its own
    kGlobal,  // libraries loaded later find its symbols
  };

  /// `file`: a path, or a bare name that the system's loader looks for. Throws
  /// LoadFault.
  static DynamicLibrary load(const std::filesystem::path& file, Scope scope = Scope::kLocal);

  /// An exported function or object; null where there is none of that name.
  void* symbol(const char* name) const;

 private:
  explicit DynamicLibrary(void* handle) : handle_(handle) {}

  void* handle_;
};

}  // namespace pipit
