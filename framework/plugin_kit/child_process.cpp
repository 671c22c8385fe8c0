#include "plugin_kit/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "pipit/error.h"

namespace pipit::cli {
namespace {

constexpr std::size_t kMaxPrinted = 64 * 1024;  // kept of what a child prints
// The line that a child tells when its work has returned. Without it something else ended the process, whatever its
// exit status: exit(0) in foreign code looks like success.
constexpr const char* kLastWord = "";

using Pipe = std::array<int, 2>;

Pipe open_pipe() {
  Pipe ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw Error("unavailable", fmt::format("no pipe: {}", std::strerror(errno)));
  return ends;
}

[[noreturn]] void become_child(const Pipe& told, const Pipe& out, const Pipe& err,
                               const std::function<void(const Tell&)>& work) {
  dup2(out[1], STDOUT_FILENO);
  dup2(err[1], STDERR_FILENO);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  const Tell tell = [&](const std::string& line) {
    const std::string whole = line + "\n";
    if (write(told[1], whole.data(), whole.size()) < 0) _exit(1);
  };
  work(tell);
  tell(kLastWord);
  std::fflush(nullptr);
  _exit(0);
}

std::string ending(int status) {
  if (WIFSIGNALED(status)) {
    return fmt::format("was ended by signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
  }
  return fmt::format("exited with status {}", WEXITSTATUS(status));
}

}  // namespace

ChildOutcome in_child(double limit_s, const std::function<void(const Tell& tell)>& work) {
  const std::array<Pipe, 3> pipes{open_pipe(), open_pipe(), open_pipe()};
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) throw Error("unavailable", fmt::format("no child process: {}", std::strerror(errno)));
  if (child == 0) become_child(pipes[0], pipes[1], pipes[2], work);

  std::array<std::string, 3> texts;
  std::array<pollfd, 3> ready{};
  for (std::size_t i = 0; i < pipes.size(); ++i) {
    ::close(pipes[i][1]);
    ready[i] = {pipes[i][0], POLLIN, 0};
  }
  ChildOutcome outcome;
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(limit_s);
  while (ready[0].fd >= 0 || ready[1].fd >= 0 || ready[2].fd >= 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      outcome.ended = fmt::format("did not return within {:g} s", limit_s);
      outcome.out_of_time = true;
      kill(child, SIGKILL);
      break;
    }
    poll(ready.data(), ready.size(), static_cast<int>(left.count()));
    for (std::size_t i = 0; i < ready.size(); ++i) {
      if (ready[i].fd < 0 || ready[i].revents == 0) continue;
      std::array<char, 4096> buffer{};
      const ssize_t got = read(ready[i].fd, buffer.data(), buffer.size());
      if (got <= 0) ready[i].fd = -1;
      const bool keep = got > 0 && (i == 0 || texts[i].size() < kMaxPrinted);
      if (keep) texts[i].append(buffer.data(), static_cast<std::size_t>(got));
    }
  }
  for (const Pipe& pipe : pipes) ::close(pipe[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  for (std::size_t at = 0, newline = 0; (newline = texts[0].find('\n', at)) != std::string::npos; at = newline + 1) {
    outcome.told.push_back(texts[0].substr(at, newline - at));
  }
  const bool returned = !outcome.told.empty() && outcome.told.back() == kLastWord;
  if (returned) outcome.told.pop_back();
  if (!returned && outcome.ended.empty()) outcome.ended = ending(status);
  outcome.out = std::move(texts[1]);
  outcome.err = std::move(texts[2]);
  return outcome;
}

}  // namespace pipit::cli
