// The program in which an isolated operator runs. The runtime starts it, speaks to it through a channel, and ends it;
// it is of no use by itself.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "isolation/child/program.h"
#include "isolation/child/served_operator.h"

namespace {

/// How long an operator has to end by itself once the runtime is gone.
constexpr std::chrono::seconds kGrace{1};

/// Ends the process when the runtime is gone, whatever an operator is doing.
void watch(int socket) {
  pollfd gone{socket, POLLRDHUP, 0};
  while (poll(&gone, 1, -1) <= 0) {
  }
  std::this_thread::sleep_for(kGrace);
  _exit(EXIT_FAILURE);
}

bool is_channel(int socket) {
  int type = 0;
  socklen_t size = sizeof(type);
  return getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

}  // namespace

int main() {
  // What else the parent had open is nothing to an operator.
  close_range(pipit::kChildSocket + 1, ~0U, 0);
  if (!is_channel(pipit::kChildSocket)) {
    std::fputs("operator_process: pipit starts this program for the nodes of a pipeline with 'isolate: process'\n",
               stderr);
    return 2;
  }
  const bool sound = pipit::detail::contain(
      [] {
        std::thread(watch, pipit::kChildSocket).detach();
        pipit::Channel channel(pipit::kChildSocket, SIZE_MAX);
        pipit::ServedOperator(channel).serve();
      },
      [](const char*, const char* message) { std::fprintf(stderr, "operator_process: %s\n", message); });
  std::fflush(nullptr);
  _exit(sound ? EXIT_SUCCESS : EXIT_FAILURE);
}
