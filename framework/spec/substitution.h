// `$name`, `${NAME}`, `${NAME:-default}` and `${NAME:?message}` in the texts of a pipeline file.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/source_text.h"

namespace pipit {

/// An environment variable that a text needs and that is not set. Whether that matters is known only where the text is
/// used.
struct UnsetVariable {
  std::string place;  // the file that names it
  SourcePlace at{};
  std::string message;
};

/// A text after substitution.
struct Substituted {
  std::string text;
  bool quoted = false;                 // it is a string, whatever it looks like
  bool from_outside = false;           // it begins with something from the command line or the environment
  std::filesystem::path folder{};      // else the folder of the file that it was written in; empty: of this file
  std::vector<UnsetVariable> unset{};  // their references stay in the text
  bool told = false;                   // it has a fault, which was reported: it means nothing
};

/// Replaces references in texts. `$name` is one of the file's vars, `${NAME}` comes from the environment, `$$` is a
/// dollar sign; a `$` before anything else stands for itself.
class Substitution {
 public:
  /// Called for each `${NAME}` that is unset and has no default; the reference stays in the text. `message` is that of
  /// `${NAME:?message}`, as written, or empty.
  using Unset = std::function<void(std::string_view name, std::string_view message)>;
  /// Called for each fault: an unknown var, a reference without its closing brace.
  using Fault = std::function<void(std::string message)>;

  void define(const std::string& name, Substituted value) { vars_[name] = std::move(value); }
  Substituted apply(std::string_view text, bool quoted, const Unset& unset, const Fault& fault) const;

 private:
  std::map<std::string, Substituted> vars_;
};

}  // namespace pipit
