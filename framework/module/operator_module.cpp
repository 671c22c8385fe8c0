#include "module/operator_module.h"

#include <fmt/format.h>
#include <link.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "base/dynamic_library.h"
#include "base/near.h"
#include "module/foreign_code.h"
#include "module/function_operator.h"
#include "module/installation.h"
#include "module/runtime_table.h"
#include "pipit/error.h"

#ifndef PIPIT_RUNTIME_LIBTORCH
#define PIPIT_RUNTIME_LIBTORCH ""
#endif

namespace pipit {
namespace {

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& what) {
  throw Error("invalid_module", fmt::format("{}: {}", file.string(), what));
}

std::string relative_file(std::string_view name) {
  std::string path(name);
  std::ranges::replace(path, '.', '/');
  return path + ".so";
}

/// Opens one of the runtime's own LibTorch libraries, so that a module finds it loaded and no second copy comes in.
void open_libtorch(const char* library, DynamicLibrary::Scope scope) {
  const auto file = runtime_folder() / "libtorch" / "torch" / "lib" / library;
  try {
    DynamicLibrary::load(file, scope);
  } catch (const LoadFault& fault) {
    throw Error("unavailable", fmt::format("cannot open LibTorch's '{}': {}", file.string(), fault.what()));
  }
}

DynamicLibrary load_library(const std::filesystem::path& file) {
  try {
    return DynamicLibrary::load(std::filesystem::canonical(file));
  } catch (const LoadFault& fault) {
    fail(file, fmt::format("cannot be loaded: {}", fault.what()));
  }
}

const pipit_operator* enter(const DynamicLibrary& library, const std::filesystem::path& file) {
  const auto entry = reinterpret_cast<pipit_operator_entry_function>(library.symbol(PIPIT_OPERATOR_ENTRY));
  if (entry == nullptr) {
    fail(file, fmt::format("exports no '{}'; PIPIT_OPERATOR(…) in its source makes one", PIPIT_OPERATOR_ENTRY));
  }
  const pipit_operator* table = entry(&runtime_table());
  if (table == nullptr) fail(file, "its entry refused this runtime");
  return table;
}

/// Runs a reader of signatures; what it throws gets the file in front.
template <class Read>
OperatorSignature read_signature(const std::filesystem::path& file, Read&& read) {
  try {
    return read();
  } catch (const Error& e) {
    fail(file, e.what());
  }
}

OperatorModule* load_fresh(const std::filesystem::path& file) {
  auto module = std::make_unique<OperatorModule>();
  module->file = file;
  ElfFile elf(file);
  module->note = ModuleNote::read(elf);
  module->note.check(elf, PIPIT_RUNTIME_LIBTORCH);
  if (module->note.libtorch != "none") {
    static std::once_flag once;
    std::call_once(once, [] { open_libtorch("libtorch_cpu.so", DynamicLibrary::Scope::kLocal); });
  }
  {
    const ForeignCall* outer = foreign_call();  // of the node that it is loaded for
    const ForeignCode code(
        {outer != nullptr ? outer->place : nullptr, module->note.name.c_str(), "while it was loaded"});
    module->table = enter(load_library(file), file);
    module->signature = read_signature(file, [&] { return OperatorSignature::read(*module->table); });
  }
  const auto embedded = elf.section(kSignatureSection);
  if (embedded && *embedded != module->signature.to_json()) {
    fail(file, "the signature stored in the file is not the one that its code gives; build it again");
  }
  return module.release();
}

}  // namespace

ModuleNote read_note(ElfFile& elf, std::string_view name) {
  ModuleNote note = ModuleNote::read(elf);
  note.check(elf, PIPIT_RUNTIME_LIBTORCH);
  if (note.name != name) {
    elf.fail(fmt::format("is operator '{}', its path makes it '{}'; rename the file or the operator", note.name, name));
  }
  return note;
}

OperatorDescription OperatorDescription::read(const std::filesystem::path& file, std::string_view name) {
  ElfFile elf(file);
  OperatorDescription description{std::string(name), file, nullptr, read_note(elf, name), {}};
  if (const auto json = elf.section(kSignatureSection)) {
    description.signature = read_signature(file, [&] { return OperatorSignature::from_json(*json); });
  } else {
    description.signature = OperatorModule::load(file).signature;
  }
  return description;
}

const OperatorModule& OperatorModule::load(const std::filesystem::path& file) {
  static std::mutex mutex;
  static auto* loaded = new std::map<std::string, const OperatorModule*>;  // leaked on purpose, as the modules are
  const std::scoped_lock lock(mutex);
  const OperatorModule*& slot = (*loaded)[std::filesystem::canonical(file).string()];
  if (slot == nullptr) slot = load_fresh(file);
  return *slot;
}

OperatorPath::OperatorPath(const std::vector<std::filesystem::path>& extra,
                           std::vector<std::shared_ptr<const OwnOperator>> own)
    : folders_(extra), own_(std::move(own)) {
  if (const char* variable = std::getenv("PIPIT_OPERATOR_PATH")) {
    std::string_view rest = variable;
    while (!rest.empty()) {
      const std::size_t colon = std::min(rest.find(':'), rest.size());
      if (colon > 0) folders_.emplace_back(rest.substr(0, colon));
      rest.remove_prefix(std::min(colon + 1, rest.size()));
    }
  }
  try {
    folders_.push_back(runtime_folder() / "operators");
  } catch (const Error& e) {
    not_installed_ = e.what();
  }
}

std::string OperatorPath::searched() const {
  std::string text;
  std::error_code error;
  for (const auto& folder : folders_) {
    text += fmt::format("{}'{}'{}", text.empty() ? "" : ", ", folder.string(),
                        std::filesystem::is_directory(folder, error) ? ""
                        : std::filesystem::exists(folder, error)     ? " (is not a folder)"
                                                                     : " (does not exist)");
  }
  if (!not_installed_.empty()) text += fmt::format("{}{}", text.empty() ? "nothing: " : "; ", not_installed_);
  return text;
}

std::optional<std::filesystem::path> OperatorPath::find(std::string_view name) const {
  if (!is_operator_name(name)) return std::nullopt;
  std::error_code error;
  for (const auto& folder : folders_) {
    const auto file = folder / relative_file(name);
    if (std::filesystem::exists(file, error)) return file;
  }
  return std::nullopt;
}

std::filesystem::path OperatorPath::get(std::string_view name) const {
  if (const auto file = find(name)) return *file;
  std::vector<std::string> known;
  for (const Entry& entry : list()) known.push_back(entry.name);
  for (const auto& own : own_) known.push_back(own->module().note.name);
  throw Error("not_found", fmt::format("no operator '{}'{}{} searched: {}", name, did_you_mean(name, known),
                                       near_name(name, known).empty() ? ";" : "", searched()));
}

OperatorDescription OperatorPath::describe(std::string_view name) const {
  for (const auto& own : own_) {
    const OperatorModule& module = own->module();
    if (module.note.name == name) return {module.note.name, {}, own, module.note, module.signature};
  }
  return OperatorDescription::read(get(name), name);
}

std::vector<OperatorPath::Entry> OperatorPath::list() const {
  std::map<std::string, std::filesystem::path> found;
  for (const auto& folder : folders_) {
    std::error_code error;
    for (auto it = std::filesystem::recursive_directory_iterator(folder, error);
         !error && it != std::filesystem::recursive_directory_iterator(); it.increment(error)) {
      if (it->path().extension() != ".so") continue;
      const auto relative = std::filesystem::relative(it->path(), folder, error);
      std::string name = relative.parent_path().string();
      if (name.empty()) continue;
      name += '.' + relative.stem().string();
      found.emplace(std::move(name), it->path());
    }
  }
  std::vector<Entry> entries;
  for (auto& [name, file] : found) entries.push_back({name, file});
  return entries;
}

bool is_operator_name(std::string_view name) {
  const auto word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == name.size()) return false;
  bool after_border = true;
  for (char c : name) {
    const bool border = c == '/' || c == '.';
    if ((border && after_border) || (!border && !word(c))) return false;
    after_border = border;
  }
  return name.find('.') == dot;
}

void open_libtorch_cuda() {
  static std::once_flag once;
  std::call_once(once, [] {
    try {
      open_libtorch("libtorch_cuda.so", DynamicLibrary::Scope::kGlobal);
    } catch (const Error& e) {
      throw Error(
          e.code(),
          fmt::format("device cuda needs the CUDA half of LibTorch, which is not there: {}; use device: cpu, or "
                      "build with a LibTorch that has its CUDA libraries (-DPIPIT_LIBTORCH=DIR)",
                      e.what()));
    }
  });
}

}  // namespace pipit
