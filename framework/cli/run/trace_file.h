// What each thread of a run did when, in the format of Chrome's tracing (chrome://tracing, ui.perfetto.dev).
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "cli/output/output_file.h"
#include "pipit/pipeline.h"

namespace pipit::cli {

/// One track a thread, one span a call of an operator or a wait for room. Spans go to the file as they come, so memory
/// does not grow, and what a killed run leaves can be read: the format allows the closing bracket to be missing.
class TraceFile {
 public:
  /// Throws pipit::Error (`output_failed`).
  explicit TraceFile(const std::string& file) : file_(file) {}

  void begin();
  /// From any thread. Once a write has failed nothing more is written.
  void add(const Span& span);
  /// Throws pipit::Error (`output_failed`) when not all was written.
  void finish();

 private:
  int track_of(const Span& span);
  void write();

  std::mutex mutex_;
  OutputFile file_;
  std::string buffer_;
  std::map<std::pair<std::string, std::uint32_t>, int, std::less<>> tracks_;  // by node and replica
  std::chrono::steady_clock::time_point start_;
  std::optional<Error> failure_;
};

}  // namespace pipit::cli
