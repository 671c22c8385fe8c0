#include "interrupt.h"

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <ctime>

namespace pipit::cli {
namespace {

constexpr time_t kGraceSeconds = 2;

std::atomic<int> came{0};

sigset_t signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGUSR2);  // from the destructor: no more listening
  return set;
}

}  // namespace

Interrupt::Interrupt() {
  const sigset_t set = signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

Interrupt::~Interrupt() {
  if (!thread_.joinable()) return;
  pthread_kill(thread_.native_handle(), SIGUSR2);
  thread_.join();
}

void Interrupt::listen(std::function<void()> stop, std::function<void()> give_up) {
  thread_ = std::thread([this, stop = std::move(stop), give_up = std::move(give_up)] {
    const sigset_t set = signals();
    int got = 0;
    sigwait(&set, &got);
    if (got == SIGUSR2) return;
    const timespec grace{kGraceSeconds, 0};
    came = got;
    stop();
    int second = sigtimedwait(&set, nullptr, &grace);
    if (second == SIGUSR2) return;
    if (second < 0) {
      give_up();
      second = sigtimedwait(&set, nullptr, &grace);
      if (second == SIGUSR2) return;
    }
    // An operator that never returns, or an impatient user: whole lines are on disk, nothing else needs care.
    _exit(128 + got);
  });
}

int Interrupt::signal() const {
  return came;
}

}  // namespace pipit::cli
