// Operators found by name on the search path, and what their files say of them before any of their code runs.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "module/module_note.h"
#include "module/signature/signature.h"

namespace pipit {

class OwnOperator;

/// The note of a module that is looked up by a name, checked: one that this runtime cannot run, or one of another name,
/// is an error. Runs none of the module's code. Throws pipit::Error (`invalid_module`) that starts with the file.
ModuleNote read_note(ElfFile& elf, std::string_view name);

/// What can be known of an operator without running its code.
struct OperatorDescription {
  std::string name;
  std::filesystem::path file;              // empty: the host's own
  std::shared_ptr<const OwnOperator> own;  // or null
  ModuleNote note;
  OperatorSignature signature;

  /// What to do with a module whose file has no signature.
  enum class Unsigned { kLoad, kRefuse };

  /// Reads the note and the signature that the build put into the file. A module without the latter is loaded for it,
  /// or refused where none of its code may run. Throws pipit::Error (`invalid_module`) that starts with the file.
  /// `name` is the one it was looked up by; a module of another name is an error.
  static OperatorDescription read(const std::filesystem::path& file, std::string_view name,
                                  Unsigned unsigned_module = Unsigned::kLoad);
};

/// The folders that are searched for operators, in order.
class OperatorPath {
 public:
  /// `extra` first, then the environment's PIPIT_OPERATOR_PATH (folders between colons; an empty one means none, never
  /// the working directory), then the installed operators; operators of the host's `own` code before all of them.
  explicit OperatorPath(const std::vector<std::filesystem::path>& extra,
                        std::vector<std::shared_ptr<const OwnOperator>> own = {});

  const std::vector<std::filesystem::path>& folders() const { return folders_; }
  /// The file of an operator, or nothing. "a/b.c" is a/b/c.so.
  std::optional<std::filesystem::path> find(std::string_view name) const;
  /// Throws pipit::Error (`not_found`) that names near operators and every folder that was searched.
  std::filesystem::path get(std::string_view name) const;
  /// An operator by its name, as OperatorDescription::read. Throws pipit::Error (`not_found`, `invalid_module`).
  OperatorDescription describe(std::string_view name, OperatorDescription::Unsigned unsigned_module =
                                                          OperatorDescription::Unsigned::kLoad) const;

  struct Entry {
    std::string name;  // by its path
    std::filesystem::path file;
  };
  /// Every shared object on the path, by name; the first of a name hides later ones.
  std::vector<Entry> list() const;
  /// "'plugins', '/opt/pipit/lib/pipit/operators' (does not exist)": the folders, for messages.
  std::string searched() const;

 private:
  std::vector<std::filesystem::path> folders_;
  std::string not_installed_;  // why the installed operators are not among them; empty: they are
  std::vector<std::shared_ptr<const OwnOperator>> own_;
};

/// Whether a name has the form of an operator's: "towhee.np_normalize", "acme/video.cut".
bool is_operator_name(std::string_view name);

}  // namespace pipit
