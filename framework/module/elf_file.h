// A shared object read as a file, every read bounds-checked; none of its code runs. What is read of it (ELF of 64 bits,
// little-endian, the structures of <elf.h>):
//
//   0          Elf64_Ehdr          magic number, class, machine, type; where the two tables are
//   e_phoff    Elf64_Phdr[e_phnum] segments; one of type PT_NOTE holds notes, each an Elf64_Nhdr, the owner's name and
//                                  the descriptor, both padded to 4 bytes
//   e_shoff    Elf64_Shdr[e_shnum] sections; their names lie in section e_shstrndx
#pragma once

#include <elf.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pipit {

class ElfFile {
 public:
  /// Throws pipit::Error (`invalid_module`) that starts with the file and says what it is instead of a shared object
  /// for this processor.
  explicit ElfFile(const std::filesystem::path& path);

  /// The descriptor of the first ELF note of this owner and type; nothing when there is none.
  std::optional<std::string> note(std::string_view owner, std::uint32_t type);
  /// The bytes of a section by its name; nothing when there is none. Larger than 1 MiB is an error.
  std::optional<std::string> section(std::string_view name);

  /// Throws pipit::Error (`invalid_module`): "FILE: what".
  [[noreturn]] void fail(const std::string& what) const;

 private:
  std::string read(std::uint64_t offset, std::uint64_t bytes, const char* what);

  std::filesystem::path path_;
  std::ifstream stream_;
  std::uint64_t size_ = 0;
  Elf64_Ehdr header_{};
};

}  // namespace pipit
