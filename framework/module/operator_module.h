// Operators as shared objects: checked, loaded once, never unloaded.
#pragma once

#include <filesystem>

#include "module/module_note.h"
#include "module/signature/signature.h"

namespace pipit {

/// A loaded operator. Lives as long as the process.
struct OperatorModule {
  std::filesystem::path file;
  ModuleNote note;
  OperatorSignature signature;
  const pipit_operator* table = nullptr;

  /// Loads a module, or returns the one that was loaded before. Its note is checked before any of its code runs.
  /// Throws pipit::Error (`invalid_module`) that starts with the file: not loadable, another ABI or LibTorch, no entry,
  /// refused by its entry, a signature that is wrong or differs from the one in the file.
  static const OperatorModule& load(const std::filesystem::path& file);
};

}  // namespace pipit
