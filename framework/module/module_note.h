// The ELF note of an operator module: what can be known of it before any of its code runs. Section .note.pipit, all
// numbers little-endian:
//
//   0   4 bytes   6, the length of the owner's name
//   4   4 bytes   n, the length of the descriptor
//   8   4 bytes   0x50495031, PIPIT_NOTE_TYPE
//   12  8 bytes   "pipit\0", then two bytes of padding
//   20  n bytes   the descriptor:
//         0   4 bytes   n once more
//         4   2 bytes   ABI version, major
//         6   2 bytes   ABI version, minor
//         8   texts     LibTorch's version or "none", name, version, summary, each with a NUL behind it
//                       later versions append
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
