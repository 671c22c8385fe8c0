// What the program says when an operator's code ends the process under it.
#pragma once

#include <cstdint>

namespace pipit::cli {

/// From here on, a signal like SIGSEGV or a call of exit(), quick_exit() or _exit() in an operator's code is told on
/// standard error, with node, operator and item, and the process ends with status 3. So are both in a thread that an
/// operator started. A signal in pipit's own code is told too and does what it always does. Called by the main thread
/// before any other is started; the handlers that were there (a sanitizer's) are called after the report.
void report_crashes();

/// From here on the program's own work is done: what crashes is what operators and libraries do as the process ends.
void expect_exit();

/// How an item of the pipeline is numbered for users. `number` is called by a signal handler. Null: as the pipeline
/// does.
void number_items_by(std::int64_t (*number)(const void* user, std::int64_t item), const void* user);

/// While it lives, this thread writes a line that the end of the process must not cut.
class WholeLine {
 public:
  WholeLine();
  ~WholeLine();
  WholeLine(const WholeLine&) = delete;
  WholeLine& operator=(const WholeLine&) = delete;
};

}  // namespace pipit::cli
