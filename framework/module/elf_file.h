// A shared object read as a file, every read bounds-checked; none of its code runs.
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
