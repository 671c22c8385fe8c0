#include "module/operator_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <utility>

#include "base/near.h"
#include "module/function_operator.h"
#include "module/installation.h"
#include "module/libtorch.h"
#include "module/operator_module.h"
#include "pipit/error.h"

namespace pipit {
namespace {

std::string relative_file(std::string_view name) {
  std::string path(name);
  std::ranges::replace(path, '.', '/');
  return path + ".so";
}

OperatorSignature parse_signature(const std::filesystem::path& file, std::string_view json) {
  try {
    return OperatorSignature::from_json(json);
  } catch (const Error& e) {
    throw Error("invalid_module", fmt::format("{}: {}", file.string(), e.what()));
  }
}

}  // namespace

ModuleNote read_note(ElfFile& elf, std::string_view name) {
  ModuleNote note = ModuleNote::read(elf);
  note.check(elf, runtime_libtorch());
  if (note.name != name) {
    elf.fail(fmt::format("is operator '{}', its path makes it '{}'; rename the file or the operator", note.name, name));
  }
  return note;
}

OperatorDescription OperatorDescription::read(const std::filesystem::path& file, std::string_view name,
                                              Unsigned unsigned_module) {
  ElfFile elf(file);
  OperatorDescription description{std::string(name), file, nullptr, read_note(elf, name), {}};
  const auto json = elf.section(kSignatureSection);
  if (!json && unsigned_module == Unsigned::kRefuse) {
    elf.fail(
        "has no signature in its file, so that it would have to run here to be asked, which 'isolate' rules out; build "
        "it with pipit_add_operator()");
  }
  description.signature = json ? parse_signature(file, *json) : OperatorModule::load(file).signature;
  return description;
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

OperatorDescription OperatorPath::describe(std::string_view name, OperatorDescription::Unsigned unsigned_module) const {
  for (const auto& own : own_) {
    const OperatorModule& module = own->module();
    if (module.note.name == name) return {module.note.name, {}, own, module.note, module.signature};
  }
  return OperatorDescription::read(get(name), name, unsigned_module);
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

}  // namespace pipit
