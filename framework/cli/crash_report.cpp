#include "crash_report.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <iterator>
#include <optional>
#include <string_view>

#include "command.h"
#include "mapped_address.h"
#include "module/foreign_code.h"

namespace pipit::cli {
namespace {

struct Signal {
  int number;
  std::string_view name;
};

constexpr Signal kSignals[] = {{SIGSEGV, "SIGSEGV (segmentation fault)"},
                               {SIGBUS, "SIGBUS (bus error)"},
                               {SIGFPE, "SIGFPE (arithmetic error)"},
                               {SIGILL, "SIGILL (illegal instruction)"},
                               {SIGABRT, "SIGABRT (abort)"}};

std::array<struct sigaction, std::size(kSignals)> before;
std::atomic<pid_t> process{0};  // that reports; a child that an operator forks may end as it likes
std::atomic<bool> reporting{false};
std::atomic<bool> exiting{false};
std::atomic<bool> on_terminal{false};
std::atomic<int> lines_under_way{0};
std::atomic<std::int64_t (*)(const void*, std::int64_t)> item_number{nullptr};
std::atomic<const void*> item_number_user{nullptr};

void wait_ms(long ms) {
  const timespec time{0, ms * 1'000'000};
  nanosleep(&time, nullptr);
}

/// A line that is made without memory of its own, since a signal handler may ask for none.
class Line {
 public:
  Line& operator<<(std::string_view text) {
    const std::size_t size = std::min(text.size(), text_.size() - size_);
    std::copy_n(text.data(), size, text_.data() + size_);
    size_ += size;
    return *this;
  }
  Line& operator<<(std::int64_t number) {
    std::array<char, 20> digits;
    std::size_t at = digits.size();
    auto rest = static_cast<std::uint64_t>(number < 0 ? -number : number);
    do {
      digits[--at] = static_cast<char>('0' + rest % 10);
      rest /= 10;
    } while (rest > 0);
    if (number < 0) *this << "-";
    return *this << std::string_view(digits.data() + at, digits.size() - at);
  }
  std::string_view text() const { return {text_.data(), size_}; }
  void write() const {
    for (std::size_t done = 0; done < size_;) {
      const ssize_t wrote = ::write(STDERR_FILENO, text_.data() + done, size_ - done);
      if (wrote <= 0) return;
      done += static_cast<std::size_t>(wrote);
    }
  }

 private:
  std::array<char, 2048> text_;
  std::size_t size_ = 0;
};

std::int64_t number_of(std::int64_t item) {
  const auto number = item_number.load();
  return number != nullptr ? number(item_number_user.load(), item) : item;
}

/// "p.yaml:4: node 'x': operator 'acme/text.x' ended the process at item 3: "
void add_culprit(Line& line, const ForeignCall* call) {
  if (call == nullptr) {
    line << "an operator's own thread ended the process: ";
    return;
  }
  if (call->place != nullptr) line << call->place;
  line << "operator '" << call->op << "' ended the process";
  if (call->doing != nullptr) line << " " << call->doing;
  if (call->first_item >= 0) {
    const std::int64_t first = number_of(call->first_item);
    const std::int64_t last = number_of(call->last_item);
    if (first == last) {
      line << " at item " << first;
    } else {
      line << " at one of the items " << first << " to " << last;
    }
  }
  line << ": ";
}

/// Of several threads that end the process at once one reports. No line is begun after this, and those that are being
/// written have a moment to become whole.
void begin_report(Line& line) {
  if (reporting.exchange(true)) {
    for (;;) wait_ms(100);
  }
  for (int waited = 0; lines_under_way > 0 && waited < 1000; ++waited) wait_ms(1);
  if (on_terminal) line << "\r\x1b[K";  // over a progress line
}

[[noreturn]] void end_process(int status) {
  for (;;) syscall(SYS_exit_group, status);
}

/// Ends the process when it is an operator that called an exit function; else returns.
void report_exit(std::string_view function, std::optional<int> status) {
  const ForeignCall* call = foreign_call();
  if (process != getpid() || (call == nullptr && is_own_thread())) return;
  Line line;
  begin_report(line);
  add_culprit(line, call);
  line << "it called " << function << "(";
  if (status) line << std::int64_t{*status};
  line << ")\n";
  line.write();
  end_process(kBrokeOff);
}

/// Whether a mapped file lacks what was read; then the line says so.
bool add_cut_file(Line& line, int number, const siginfo_t* info) {
  if (number != SIGBUS || info->si_code != BUS_ADRERR) return false;
  const MappedAddress at(info->si_addr);
  if (at.file().empty()) return false;
  line
      << "'" << at.file()
      << "' cannot be read where it is mapped: it was made shorter meanwhile, or its disk failed. A new file is put in "
         "a "
         "file's place by renaming, or weights are read beforehand with mmap: false. What was written before is whole, "
         "and pipit run --resume goes on\n";
  return true;
}

void on_signal(int number, siginfo_t* info, void* context) {
  const auto* signal = std::ranges::find(kSignals, number, &Signal::number);
  const ForeignCall* call = foreign_call();
  const bool at_exit = exiting && call == nullptr && is_own_thread();
  bool ours = process != getpid() || (call == nullptr && is_own_thread() && !at_exit);
  if (process == getpid()) {
    Line line;
    begin_report(line);
    Line file;
    if (add_cut_file(file, number, info)) {
      if (call != nullptr) add_culprit(line, call);
      line << file.text();
      ours = false;
    } else if (at_exit) {
      line << "the work was done, then a destructor or an exit handler of an operator or of a library crashed: signal "
           << signal->name << "\n";
    } else if (ours) {
      line << "pipit itself ended: signal " << signal->name << " outside any operator; please report this\n";
    } else {
      add_culprit(line, call);
      line << "signal " << signal->name << "\n";
    }
    line.write();
  }
  const struct sigaction& old = before[static_cast<std::size_t>(signal - kSignals)];
  if ((old.sa_flags & SA_SIGINFO) != 0) old.sa_sigaction(number, info, context);
  if (!ours) end_process(kBrokeOff);
  ::signal(number, SIG_DFL);
  raise(number);  // takes effect when this handler returns
}

/// Where a thread's signal handler runs when its stack is used up.
class SignalStack {
 public:
  SignalStack() {
    stack_t now{};
    // A sanitizer has given the thread one already.
    if (sigaltstack(nullptr, &now) != 0 || (now.ss_flags & SS_DISABLE) == 0) return;
    memory_ = mmap(nullptr, size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const stack_t ours{memory_, 0, size()};
    if (memory_ != MAP_FAILED) sigaltstack(&ours, nullptr);
  }
  ~SignalStack() {
    if (memory_ == MAP_FAILED) return;
    const stack_t none{nullptr, SS_DISABLE, 0};
    sigaltstack(&none, nullptr);
    munmap(memory_, size());
  }
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;

 private:
  static std::size_t size() {
    static const auto bytes = static_cast<std::size_t>(std::max(sysconf(_SC_MINSIGSTKSZ), 8192L)) + 56 * 1024;
    return bytes;
  }

  void* memory_ = MAP_FAILED;
};

void give_signal_stack() {
  thread_local const SignalStack stack;
}

}  // namespace

void report_crashes() {
  process = getpid();
  on_terminal = isatty(STDERR_FILENO) == 1;
  on_own_thread(give_signal_stack);
  enter_own_thread();
  on_exit([](int status, void*) { report_exit("exit", status); }, nullptr);
  std::at_quick_exit([] { report_exit("quick_exit", std::nullopt); });
  for (std::size_t i = 0; i < std::size(kSignals); ++i) {
    struct sigaction action {};
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(kSignals[i].number, &action, &before[i]);
  }
}

void expect_exit() {
  exiting = true;
}

void number_items_by(std::int64_t (*number)(const void* user, std::int64_t item), const void* user) {
  item_number_user = user;
  item_number = number;
}

WholeLine::WholeLine() {
  ++lines_under_way;
  if (!reporting) return;
  --lines_under_way;
  for (;;) wait_ms(100);
}

WholeLine::~WholeLine() {
  --lines_under_way;
}

}  // namespace pipit::cli

// These two run no handlers. The program's own come before the C library's for every module that it loads.
extern "C" {
__attribute__((visibility("default"))) void _exit(int status) {
  pipit::cli::report_exit("_exit", status);
  pipit::cli::end_process(status);
}
__attribute__((visibility("default"))) void _Exit(int status) noexcept {
  pipit::cli::report_exit("_Exit", status);
  pipit::cli::end_process(status);
}
}
