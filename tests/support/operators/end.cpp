#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "test_operators.h"

namespace test {

/// Ends the process, as told.
class End {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Ends the process when it meets the text 'bad'.")
        .input("text", "string")
        .output("text", "string")
        .required("how",
                  "enum(exit|quick_exit|_exit|child|segfault|overflow|divide|abort|throw|thread_exit|thread_abort)",
                  "in which way")
        .argument("when", "enum(work|construction|destruction|exit)", "work", "at what time");
  }
  End(const pipit::Arguments& arguments, pipit::Context&)
      : how_(arguments.string("how")), when_(arguments.string("when")) {
    if (when_ == "construction") end();
    if (when_ == "exit") static const End at_exit(how_);
  }
  ~End() {
    if (when_ == "destruction") end();
  }
  pipit::Value process(const pipit::Row& row) {
    if (when_ == "work" && row[0].string() == "bad") end();
    return row[0];
  }

 private:
  explicit End(std::string how) : how_(std::move(how)), when_("destruction") {}
  void end() const {
    if (how_ == "exit") std::exit(0);
    if (how_ == "quick_exit") std::quick_exit(0);
    if (how_ == "_exit") _exit(0);
    if (how_ == "child") end_children();
    if (how_ == "segfault") std::raise(SIGSEGV);
    if (how_ == "overflow") use_up_stack(nullptr);
    if (how_ == "divide") std::raise(SIGFPE);
    if (how_ == "abort") std::abort();
    if (how_ == "throw") throw_through_noexcept();
    if (how_ == "thread_exit") in_thread([] { std::exit(7); });
    if (how_ == "thread_abort") in_thread([] { std::abort(); });
  }
  template <class F>
  static void in_thread(F f) {
    std::thread(f).detach();
    for (;;) std::this_thread::sleep_for(std::chrono::seconds(1));
  }
  static void throw_through_noexcept() noexcept { nobody_catches(); }
  __attribute__((noinline)) static void nobody_catches() { throw std::runtime_error("nobody catches this"); }
  /// Children of the operator's own, which is nobody else's affair.
  static void end_children() {
    for (int way = 0; way < 3; ++way) {
      const pid_t child = fork();
      if (child == 0 && way == 0) std::exit(0);
      if (child == 0 && way == 1) _exit(0);
      if (child == 0) std::abort();
      int status = 0;
      waitpid(child, &status, 0);
      const bool as_told = way < 2 ? status == 0 : WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
      if (!as_told) throw std::runtime_error("child " + std::to_string(way) + " ended with " + std::to_string(status));
    }
  }
  /// Never returns.
  __attribute__((noinline)) static void use_up_stack(volatile char* caller) {
    volatile char frame[4096];
    frame[0] = caller == nullptr ? '\0' : caller[0];
    use_up_stack(frame);
    caller = frame;
  }

  std::string how_;
  std::string when_;
};

}  // namespace test

PIPIT_OPERATOR("test/text.end", "1.0.0", "for tests", test::End);
