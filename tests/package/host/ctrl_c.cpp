// Embeds clips until Ctrl-C: ctrl_c PIPELINE.yaml CLIP…
#include <pipit/pipeline.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <thread>

int main(int argc, char** argv) try {
  if (argc < 2) throw pipit::Error("invalid_input", "usage: ctrl_c PIPELINE.yaml CLIP…");
  // Blocked before any thread is started, the signals wait for the thread that asks for them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  pipit::Pipeline pipeline = pipit::Pipeline::open(argv[1]);
  std::atomic<int> came{0};
  const std::jthread listener([&](const std::stop_token& over) {
    const timespec moment{0, 100'000'000};
    while (!over.stop_requested() && came == 0) came = std::max(sigtimedwait(&signals, nullptr, &moment), 0);
    if (came != 0) pipeline.cancel();  // not from a signal handler: it takes locks
  });
  int given = 2;
  pipeline.stream(
      [&]() -> std::optional<pipit::Inputs> {
        if (given == argc) return std::nullopt;
        return pipit::Inputs{{"path", argv[given++]}};
      },
      [&](const pipit::Result& result) {
        std::printf("%s: %s\n", argv[2 + result.item], result.error ? result.error->message.c_str() : "embedded");
        std::fflush(stdout);
      });
  return came == 0 ? 0 : 128 + came;
} catch (const pipit::Error& e) {
  std::fprintf(stderr, "%s: %s\n", e.code().c_str(), e.what());
  return 2;
}
