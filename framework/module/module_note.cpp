#include "module/module_note.h"

#include <fmt/format.h>

#include <cstring>

#include "pipit/operator_c.h"

namespace pipit {

ModuleNote ModuleNote::read(ElfFile& file) {
  const auto found = file.note("pipit", PIPIT_NOTE_TYPE);
  if (!found) file.fail("is not a pipit operator: it has no pipit note; PIPIT_OPERATOR(…) in its source writes one");
  const std::string& bytes = *found;
  ModuleNote note;
  std::uint32_t size = 0;
  if (bytes.size() < 8) file.fail(fmt::format("has a damaged pipit note: {} bytes, at least 8 expected", bytes.size()));
  std::memcpy(&size, bytes.data(), 4);
  std::memcpy(&note.abi_major, bytes.data() + 4, 2);
  std::memcpy(&note.abi_minor, bytes.data() + 6, 2);
  if (size != bytes.size())
    file.fail(fmt::format("has a damaged pipit note: it says {} bytes and has {}", size, bytes.size()));
  std::size_t at = 8;
  for (std::string* text : {&note.libtorch, &note.name, &note.version, &note.summary}) {
    const std::size_t end = bytes.find('\0', at);
    if (end == std::string::npos) file.fail("has a damaged pipit note: a text in it does not end");
    *text = bytes.substr(at, end - at);
    at = end + 1;
  }
  return note;
}

void ModuleNote::check(const ElfFile& file, const std::string& runtime_libtorch) const {
  if (abi_major != PIPIT_ABI_MAJOR || abi_minor > PIPIT_ABI_MINOR) {
    const bool newer = abi_major > PIPIT_ABI_MAJOR || (abi_major == PIPIT_ABI_MAJOR && abi_minor > PIPIT_ABI_MINOR);
    file.fail(fmt::format("built for plugin ABI {}.{}, this runtime has {}.{}; rebuild it against this runtime{}",
                          abi_major, abi_minor, PIPIT_ABI_MAJOR, PIPIT_ABI_MINOR,
                          newer ? ", or use a newer runtime" : ""));
  }
  if (libtorch == "none" || libtorch == runtime_libtorch) return;
  if (runtime_libtorch.empty())
    file.fail(fmt::format("needs LibTorch {}, and this runtime comes without LibTorch", libtorch));
  file.fail(fmt::format("built for LibTorch {}, this runtime has {}; rebuild it against this runtime", libtorch,
                        runtime_libtorch));
}

}  // namespace pipit
