#include "program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace test {
namespace {

struct Pipe {
  Pipe() {
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close_end(std::size_t end) {
    if (ends[end] >= 0) ::close(ends[end]);
    ends[end] = -1;
  }
  std::array<int, 2> ends{-1, -1};
};

[[noreturn]] void become(const Call& call, const Pipe& in, const Pipe& out, const Pipe& err) {
  dup2(in.ends[0], STDIN_FILENO);
  dup2(out.ends[1], STDOUT_FILENO);
  dup2(err.ends[1], STDERR_FILENO);
  if (!call.folder.empty() && chdir(call.folder.c_str()) != 0) _exit(126);
#ifdef __SANITIZE_ADDRESS__
  // Leaks are looked for in the tests themselves, and where a program asks for it: the search at the end ends processes
  // that crash on purpose, and cannot always hold the threads of LibTorch.
  setenv("LSAN_OPTIONS", "leak_check_at_exit=0", 1);
#endif
  for (const std::string& variable : call.environment) putenv(const_cast<char*>(variable.c_str()));
  const char* const program = call.program.empty() ? PIPIT_BUILD_DIR "/bin/pipit" : call.program.c_str();
  std::vector<char*> arguments{const_cast<char*>(program)};
  for (const std::string& argument : call.arguments) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  execv(program, arguments.data());
  _exit(127);
}

/// Reads what is there; closes the end at its end.
void drain(Pipe& pipe, std::string& into) {
  std::array<char, 65536> buffer{};
  const ssize_t got = ::read(pipe.ends[0], buffer.data(), buffer.size());
  if (got > 0) {
    into.append(buffer.data(), static_cast<std::size_t>(got));
  } else {
    pipe.close_end(0);
  }
}

/// Writes what the pipe takes; closes the end when all is written or nobody reads.
void feed(Pipe& pipe, const std::string& input, std::size_t& done) {
  const ssize_t wrote = done < input.size() ? ::write(pipe.ends[1], input.data() + done, input.size() - done) : 0;
  if (wrote > 0) done += static_cast<std::size_t>(wrote);
  if (done == input.size() || wrote < 0) pipe.close_end(1);
}

}  // namespace

Outcome run(const Call& call) {
  std::signal(SIGPIPE, SIG_IGN);
  Pipe in;
  Pipe out;
  Pipe err;
  const pid_t child = fork();
  if (child == 0) become(call, in, out, err);
  in.close_end(0);
  out.close_end(1);
  err.close_end(1);
  fcntl(in.ends[1], F_SETFL, O_NONBLOCK);

  Outcome outcome;
  std::size_t written = 0;
  const auto begin = std::chrono::steady_clock::now();
  const auto end = begin + std::chrono::duration<double>(call.limit_s);
  while (out.ends[0] >= 0 || err.ends[0] >= 0) {
    std::array<pollfd, 3> ready{{{out.ends[0], POLLIN, 0}, {err.ends[0], POLLIN, 0}, {in.ends[1], POLLOUT, 0}}};
    poll(ready.data(), ready.size(), 100);
    if (ready[0].revents != 0) drain(out, outcome.out);
    if (ready[1].revents != 0) drain(err, outcome.err);
    if (ready[2].revents != 0) feed(in, call.input, written);
    if (std::chrono::steady_clock::now() > end) {
      kill(child, SIGKILL);
      break;
    }
  }
  int status = 0;
  waitpid(child, &status, 0);
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return outcome;
}

Outcome run(const std::vector<std::string>& arguments, const std::string& input) {
  Call call;
  call.arguments = arguments;
  call.input = input;
  return run(call);
}

Outcome shell(const std::string& command) {
  Call call;
  call.program = "/bin/sh";
  call.arguments = {"-c", command};
  return run(call);
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "pipit-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

std::string TemporaryFolder::write(const std::string& name, const std::string& content) const {
  const std::string path = path_ + "/" + name;
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

std::string read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream content;
  content << stream.rdbuf();
  return content.str();
}

}  // namespace test
