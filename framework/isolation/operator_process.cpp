#include "isolation/operator_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <system_error>

#include "isolation/child/program.h"
#include "module/installation.h"

namespace pipit {
namespace {

using std::chrono::milliseconds;

/// How long a process may take to end by itself.
constexpr milliseconds kGrace{2000};

constexpr int kUnknownStatus = -1;

std::string reason(int error) {
  return std::generic_category().message(error);
}

/// The two ends of a channel: this process's, and the one that the child gets under another number.
std::pair<int, int> connected() {
  int ends[2] = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    throw Error("unavailable", fmt::format("cannot make a socket for an operator's process: {}", reason(errno)));
  }
  return {ends[0], ends[1]};
}

/// Starts the program: no input, its output where errors go, no signal blocked or ignored, and in a group of its own,
/// so that an interrupt from the keyboard reaches this process alone.
pid_t start(const std::filesystem::path& program, int socket) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, socket, kChildSocket);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  char* const arguments[] = {const_cast<char*>(program.c_str()), nullptr};
  pid_t process = -1;
  const int error = posix_spawn(&process, program.c_str(), &files, &attributes, arguments, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (error == 0) return process;
  throw Error("unavailable",
              fmt::format("cannot start '{}', in which isolated operators run: {}", program.string(), reason(error)));
}

std::string ended_text(int status) {
  if (status == kUnknownStatus) return "in an unknown way";
  if (WIFEXITED(status)) return fmt::format("with status {}", WEXITSTATUS(status));
  const int signal = WTERMSIG(status);
  const char* const name = sigabbrev_np(signal);
  std::string meaning = name != nullptr ? sigdescr_np(signal) : "";
  for (char& c : meaning) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name != nullptr ? fmt::format("by signal SIG{} ({})", name, meaning) : fmt::format("by signal {}", signal);
}

}  // namespace

OperatorProcess::OperatorProcess(const IsolationLimits& limits) : OperatorProcess(limits, connected()) {}

OperatorProcess::OperatorProcess(const IsolationLimits& limits, std::pair<int, int> ends)
    : channel_(ends.first, static_cast<std::size_t>(limits.memory)) {
  try {
    process_ = start(runtime_folder() / kChildProgram, ends.second);
  } catch (...) {
    close(ends.second);
    throw;
  }
  close(ends.second);
  handle_ = static_cast<int>(syscall(SYS_pidfd_open, process_, 0));  // the C library's own is no C++ before 2.37
  if (handle_ < 0) {
    const int error = errno;
    ::kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
    throw Error(
        "unavailable",
        fmt::format("cannot watch an operator's process (pidfd_open, which Linux has since 5.3): {}", reason(error)));
  }
  try {
    channel_.send(MessageKind::kConfine, Value::list({limits.memory}));
  } catch (...) {
    kill();
    close(handle_);
    throw;
  }
}

OperatorProcess::~OperatorProcess() {
  shutdown(channel_.socket(), SHUT_RDWR);
  wait_status(kGrace);
  kill();
  close(handle_);
}

bool OperatorProcess::is_running() const {
  pollfd ended{handle_, POLLIN, 0};
  return process_ >= 0 && poll(&ended, 1, 0) == 0;
}

void OperatorProcess::kill() {
  if (process_ < 0) return;
  syscall(SYS_pidfd_send_signal, handle_, SIGKILL, nullptr, 0);
  wait_status(milliseconds(-1));
}

std::string OperatorProcess::how_it_ended() {
  const int status = wait_status(kGrace);
  if (process_ < 0) return ended_text(status);
  kill();
  return "without ending";
}

/// Its status when it has ended in so many milliseconds; less than 0: however long it takes.
int OperatorProcess::wait_status(milliseconds patience) {
  if (process_ < 0) return kUnknownStatus;
  if (patience.count() >= 0) {
    pollfd ended{handle_, POLLIN, 0};
    const auto until = std::chrono::steady_clock::now() + patience;
    for (;;) {
      const auto left = std::chrono::duration_cast<milliseconds>(until - std::chrono::steady_clock::now());
      const int found = poll(&ended, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
      if (found > 0) break;
      if (found == 0) return kUnknownStatus;
    }
  }
  int status = kUnknownStatus;
  pid_t waited = 0;
  do {
    waited = waitpid(process_, &status, 0);
  } while (waited < 0 && errno == EINTR);
  // A host that takes all of its children's ends leaves none to be told.
  if (waited < 0) status = kUnknownStatus;
  process_ = -1;
  return status;
}

}  // namespace pipit
