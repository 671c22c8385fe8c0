#include "module/operator_module.h"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/dynamic_library.h"
#include "module/foreign_code.h"
#include "module/libtorch.h"
#include "module/runtime_table.h"
#include "pipit/error.h"

namespace pipit {
namespace {

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& what) {
  throw Error("invalid_module", fmt::format("{}: {}", file.string(), what));
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

OperatorSignature read_signature(const std::filesystem::path& file, const pipit_operator& table) {
  try {
    return OperatorSignature::read(table);
  } catch (const Error& e) {
    fail(file, e.what());
  }
}

OperatorModule* load_fresh(const std::filesystem::path& file) {
  auto module = std::make_unique<OperatorModule>();
  module->file = file;
  ElfFile elf(file);
  module->note = ModuleNote::read(elf);
  module->note.check(elf, runtime_libtorch());
  if (module->note.libtorch != "none") open_libtorch();
  {
    const ForeignCall* outer = foreign_call();  // of the node that it is loaded for
    const ForeignCode code(
        {outer != nullptr ? outer->place : nullptr, module->note.name.c_str(), "while it was loaded"});
    module->table = enter(load_library(file), file);
    module->signature = read_signature(file, *module->table);
  }
  const auto embedded = elf.section(kSignatureSection);
  if (embedded && *embedded != module->signature.to_json()) {
    fail(file, "the signature stored in the file is not the one that its code gives; build it again");
  }
  return module.release();
}

}  // namespace

const OperatorModule& OperatorModule::load(const std::filesystem::path& file) {
  static std::mutex mutex;
  static auto* loaded = new std::map<std::string, const OperatorModule*>;  // leaked on purpose, as the modules are
  const std::scoped_lock lock(mutex);
  const OperatorModule*& slot = (*loaded)[std::filesystem::canonical(file).string()];
  if (slot == nullptr) slot = load_fresh(file);
  return *slot;
}

}  // namespace pipit
