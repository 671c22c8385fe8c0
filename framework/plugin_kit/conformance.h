// The conformance kit: what an operator module must do right to be trusted with other people's items.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace pipit::cli {

struct ConformanceOptions {
  std::filesystem::path file;
  std::vector<std::pair<std::string, std::string>> arguments;  // as a pipeline would write them
  std::string rows;                                            // a file of rows to try it with; empty: made ones
  double limit_s = 60;                                         // for each group of checks
};

/// kSkipped: the check does not concern this module. kUntried: it does, but no row that was given could be tried.
enum class Verdict { kPassed, kFailed, kSkipped, kUntried };

struct Finding {
  std::string check;  // "note", "load", "arguments", …
  Verdict verdict = Verdict::kPassed;
  std::string message;  // what was seen; of a failure: what is wrong, and where
};

struct ConformanceReport {
  std::string name;  // the operator's; empty when the note cannot be read
  std::string version;
  std::vector<Finding> findings;

  std::size_t count(Verdict verdict) const;
  /// Every check that concerns the module was made, and none failed.
  bool passed() const { return count(Verdict::kFailed) == 0 && count(Verdict::kUntried) == 0; }
};

/// Throws pipit::Error (`not_found`) when there is no such file.
void check_module_file(const std::filesystem::path& file);

/// Runs none of the module's code in this process, only in children. Throws pipit::Error (`not_found`,
/// `invalid_argument`) when there is nothing to test, and when the arguments or rows to test it with are wrong.
ConformanceReport test_module(const ConformanceOptions& options);

}  // namespace pipit::cli
