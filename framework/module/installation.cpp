#include "module/installation.h"

#include <dlfcn.h>
#include <link.h>

#include <charconv>
#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include "pipit/error.h"

namespace pipit {
namespace {

/// The kernel's mark behind the name of a file that was removed or replaced while it is mapped.
constexpr std::string_view kDeleted = " (deleted)";

const void* own_code() {
  return reinterpret_cast<const void*>(&own_file);
}

std::filesystem::path without_mark(std::string name) {
  std::error_code error;
  if (name.ends_with(kDeleted) && !std::filesystem::exists(name, error)) name.resize(name.size() - kDeleted.size());
  return name;
}

/// The name in a line of /proc/self/maps ("begin-end flags offset device inode   name") whose range has this address.
std::optional<std::string> name_of_range(const std::string& line, std::uintptr_t address) {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  const char* last = line.data() + line.size();
  const auto first = std::from_chars(line.data(), last, begin, 16);
  if (first.ec != std::errc() || first.ptr == last) return std::nullopt;
  if (std::from_chars(first.ptr + 1, last, end, 16).ec != std::errc()) return std::nullopt;
  const std::size_t slash = line.find('/');
  if (address < begin || address >= end || slash == std::string::npos) return std::nullopt;
  return line.substr(slash);
}

std::filesystem::path mapped_file(std::uintptr_t address) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (auto name = name_of_range(line, address)) return without_mark(std::move(*name));
  }
  return {};
}

/// What the loader knows, for code that was moved out of its mapping (into huge pages, say).
std::filesystem::path loaded_file() {
  Dl_info info{};
  link_map* map = nullptr;
  const int known = dladdr1(own_code(), &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP);
  if (known == 0 || map == nullptr) return {};
  std::error_code error;
  if (map->l_name[0] == '\0') return without_mark(std::filesystem::read_symlink("/proc/self/exe", error).string());
  return map->l_name[0] == '/' ? map->l_name : "";
}

std::filesystem::path find_runtime_folder() {
  const std::filesystem::path file = own_file();
  if (file.empty()) {
    throw Error(
        "unavailable",
        "cannot tell where pipit is installed: the kernel does not say which file its code comes from; is /proc "
        "mounted?");
  }
  // The program may be gone, with only its folder left.
  std::error_code error;
  const auto self = std::filesystem::weakly_canonical(file.parent_path(), error);
  // A library lies beside the folder, a program in a folder beside lib/, the program of isolated operators in it.
  if (self.filename() == "pipit" && std::filesystem::is_directory(self / "operators", error)) return self;
  const auto beside = self / "pipit";
  return std::filesystem::is_directory(beside, error) ? beside : (self.parent_path() / "lib" / "pipit");
}

}  // namespace

std::filesystem::path own_file() {
  const auto file = mapped_file(reinterpret_cast<std::uintptr_t>(own_code()));
  return file.empty() ? loaded_file() : file;
}

const std::filesystem::path& runtime_folder() {
  static const std::filesystem::path folder = find_runtime_folder();
  return folder;
}

}  // namespace pipit
