#include "cli/run/interrupt.h"

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>

#include "module/foreign_code.h"
#include "pipit/error.h"

namespace pipit::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kGrace = std::chrono::seconds(2);

std::atomic<int> came{0};

int checked(int descriptor) {
  if (descriptor < 0) throw Error("unavailable", fmt::format("cannot wait for signals: {}", std::strerror(errno)));
  return descriptor;
}

int block_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return checked(signalfd(-1, &set, SFD_CLOEXEC));
}

}  // namespace

Interrupt::Interrupt() : signals_(block_signals()), over_(checked(eventfd(0, EFD_CLOEXEC))) {}

Interrupt::~Interrupt() {
  const std::uint64_t one = 1;
  if (thread_.joinable() && write(over_, &one, sizeof(one)) == sizeof(one)) thread_.join();
  close(over_);
  close(signals_);
}

void Interrupt::listen(std::function<void()> stop, std::function<void()> give_up) {
  thread_ = std::thread([this, stop = std::move(stop), give_up = std::move(give_up)] {
    enter_own_thread();
    const Heard first = wait(std::nullopt);
    if (first.over) return;
    came = first.signal;
    stop();
    Heard second = wait(kGrace);
    if (!second.over && second.signal == 0) {
      give_up();
      second = wait(kGrace);
    }
    if (second.over) return;
    // An operator that never returns, or an impatient user: whole lines are on disk, nothing else needs care.
    _exit(128 + first.signal);
  });
}

/// Waits for one of the two signals, at most so long. Other signals do not end the wait.
Interrupt::Heard Interrupt::wait(std::optional<std::chrono::milliseconds> time) const {
  const auto end = Clock::now() + time.value_or(std::chrono::milliseconds(0));
  for (;;) {
    std::array<pollfd, 2> ready{{{over_, POLLIN, 0}, {signals_, POLLIN, 0}}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    if (time && left.count() <= 0) return {};
    if (poll(ready.data(), ready.size(), time ? static_cast<int>(left.count()) : -1) <= 0) continue;
    if (ready[0].revents != 0) return {true, 0};
    signalfd_siginfo info{};
    if (read(signals_, &info, sizeof(info)) == sizeof(info)) return {false, static_cast<int>(info.ssi_signo)};
  }
}

int Interrupt::signal() const {
  return came;
}

}  // namespace pipit::cli
