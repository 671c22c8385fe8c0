#include "module/elf_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "pipit/error.h"

namespace pipit {
namespace {

constexpr std::uint64_t kMaxNoteBytes = 64 * 1024;
constexpr std::uint64_t kMaxSectionBytes = 1024 * 1024;

#if defined(__x86_64__)
constexpr Elf64_Half kMachine = EM_X86_64;
constexpr const char* kMachineName = "x86-64";
#elif defined(__aarch64__)
constexpr Elf64_Half kMachine = EM_AARCH64;
constexpr const char* kMachineName = "aarch64";
#endif

template <class T>
std::vector<T> as_array(const std::string& bytes) {
  std::vector<T> array(bytes.size() / sizeof(T));
  if (!array.empty()) std::memcpy(array.data(), bytes.data(), array.size() * sizeof(T));
  return array;
}

std::size_t align4(std::size_t n) {
  return (n + 3) & ~std::size_t{3};
}

}  // namespace

void ElfFile::fail(const std::string& what) const {
  throw Error("invalid_module", fmt::format("{}: {}", path_.string(), what));
}

ElfFile::ElfFile(const std::filesystem::path& path) : path_(path), stream_(path, std::ios::binary) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) fail("is a folder, not a shared object");
  if (!stream_) fail(fmt::format("cannot be opened: {}", std::strerror(errno)));
  stream_.seekg(0, std::ios::end);
  size_ = static_cast<std::uint64_t>(stream_.tellg());
  if (size_ < sizeof(header_))
    fail(fmt::format("is not a shared object: {} bytes, an ELF header has {}", size_, sizeof(header_)));
  std::memcpy(&header_, read(0, sizeof(header_), "the ELF header").data(), sizeof(header_));
  if (std::memcmp(header_.e_ident, ELFMAG, SELFMAG) != 0) {
    fail("is not a shared object: it does not begin with ELF's magic number");
  }
  if (header_.e_ident[EI_CLASS] != ELFCLASS64)
    fail("is built for another processor: ELF class 32-bit, expected 64-bit");
  if (header_.e_ident[EI_DATA] != ELFDATA2LSB || header_.e_machine != kMachine) {
    fail(fmt::format("is built for another processor: ELF machine {}, expected {} ({})", header_.e_machine, kMachine,
                     kMachineName));
  }
  if (header_.e_type != ET_DYN)
    fail(fmt::format("is not a shared object: ELF type {}, expected {}", header_.e_type, ET_DYN));
}

std::string ElfFile::read(std::uint64_t offset, std::uint64_t bytes, const char* what) {
  if (offset > size_ || bytes > size_ - offset) {
    fail(fmt::format("{} at byte {} reaches beyond the file's {} bytes; the file is damaged", what, offset, size_));
  }
  std::string data(bytes, '\0');
  stream_.seekg(static_cast<std::streamoff>(offset));
  stream_.read(data.data(), static_cast<std::streamsize>(bytes));
  if (!stream_) fail(fmt::format("{} at byte {} cannot be read", what, offset));
  return data;
}

std::optional<std::string> ElfFile::note(std::string_view owner, std::uint32_t type) {
  const auto segments = as_array<Elf64_Phdr>(
      read(header_.e_phoff, std::uint64_t{header_.e_phnum} * sizeof(Elf64_Phdr), "the table of segments"));
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type != PT_NOTE || segment.p_filesz > kMaxNoteBytes) continue;
    const std::string notes = read(segment.p_offset, segment.p_filesz, "a segment of notes");
    std::size_t at = 0;
    while (notes.size() - at >= sizeof(Elf64_Nhdr)) {
      Elf64_Nhdr head;
      std::memcpy(&head, notes.data() + at, sizeof(head));
      at += sizeof(head);
      if (align4(head.n_namesz) + head.n_descsz > notes.size() - at) {
        fail("has a damaged ELF note: its size reaches beyond its segment");
      }
      const std::string_view name(notes.data() + at, head.n_namesz > 0 ? head.n_namesz - 1 : 0);
      const std::size_t descriptor = at + align4(head.n_namesz);
      if (head.n_type == type && name == owner) return notes.substr(descriptor, head.n_descsz);
      at = std::min(descriptor + align4(head.n_descsz), notes.size());
    }
  }
  return std::nullopt;
}

std::optional<std::string> ElfFile::section(std::string_view name) {
  if (header_.e_shoff == 0 || header_.e_shstrndx >= header_.e_shnum) return std::nullopt;
  const auto sections = as_array<Elf64_Shdr>(
      read(header_.e_shoff, std::uint64_t{header_.e_shnum} * sizeof(Elf64_Shdr), "the table of sections"));
  const Elf64_Shdr& names_at = sections[header_.e_shstrndx];
  if (names_at.sh_size > kMaxSectionBytes) fail("has a table of section names above 1 MiB; the file is damaged");
  const std::string names = read(names_at.sh_offset, names_at.sh_size, "the table of section names");
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_type == SHT_NOBITS || section.sh_name >= names.size() || names.c_str() + section.sh_name != name)
      continue;
    if (section.sh_size > kMaxSectionBytes)
      fail(fmt::format("has a section '{}' above 1 MiB; the file is damaged", name));
    return read(section.sh_offset, section.sh_size, "a section");
  }
  return std::nullopt;
}

}  // namespace pipit
