// The ELF note of an operator module: what can be known of it before any of its code runs.
#pragma once

#include <cstdint>
#include <string>

#include "module/elf_file.h"

namespace pipit {

struct ModuleNote {
  std::uint16_t abi_major = 0;
  std::uint16_t abi_minor = 0;
  std::string libtorch;  // the version it was built for, or "none"
  std::string name;
  std::string version;
  std::string summary;

  /// Throws pipit::Error (`invalid_module`): no note, or a damaged one.
  static ModuleNote read(ElfFile& file);

  /// Throws pipit::Error (`invalid_module`) when this runtime cannot run the module: another ABI, another LibTorch.
  /// `runtime_libtorch` is the version that the runtime has, or empty when it has none.
  void check(const ElfFile& file, const std::string& runtime_libtorch) const;
};

}  // namespace pipit
