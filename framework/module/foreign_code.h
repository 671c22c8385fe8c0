// Which operator's code a thread runs, so that the program can say which one ended the process.
#pragma once

#include <cstdint>

namespace pipit {

/// A call into a module. Its texts outlive the call.
struct ForeignCall {
  const char* place = nullptr;   // "p.yaml:4: node 'embed': "; null: for no node
  const char* op = nullptr;      // the operator's name
  const char* doing = nullptr;   // "while it was loaded"; null: it works on items
  std::int64_t first_item = -1;  // of the call; -1: of none
  std::int64_t last_item = -1;
};

/// Says, as long as it lives, that this thread runs a module's code. May be nested: the innermost one counts.
class ForeignCode {
 public:
  explicit ForeignCode(const ForeignCall& call) noexcept;
  ~ForeignCode();
  ForeignCode(const ForeignCode&) = delete;
  ForeignCode& operator=(const ForeignCode&) = delete;

 private:
  const ForeignCall call_;
  const ForeignCall* const outer_;
};

/// The call that this thread is in, or null. A signal handler of the program may call it, since the program contains
/// this code; libpipit.so installs no handlers.
const ForeignCall* foreign_call() noexcept;

/// Called first by each thread that is pipit's own, so that an operator's threads can be told from them.
void enter_own_thread();
bool is_own_thread() noexcept;
/// Called by enter_own_thread(); null: nothing is. Set before any thread is started.
void on_own_thread(void (*hook)());

}  // namespace pipit
