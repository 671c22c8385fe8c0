// A server inside a host: what is left of it when it has ended.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <malloc.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "pipit/server.h"

using pipit::server::Server;
using pipit::server::ServerOptions;

namespace {

ServerOptions options_of(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "up.yaml") << "pipit: 1\ninputs: {text: string}\nnodes:\n"
                                       "  - {name: up, op: test/text.upper, in: text, out: text}\noutputs: [text]\n";
  ServerOptions options;
  options.pipelines = {{"up", folder / "up.yaml"}};
  options.listen = "127.0.0.1:0";
  options.pipeline.operator_path.emplace_back(PIPIT_TEST_OPERATORS);
  return options;
}

/// A connection that has said so much.
int connection(const Server& server, const std::string& said) {
  const std::string& address = server.address();
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(::connect(made, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
  REQUIRE(::send(made, said.data(), said.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(said.size()));
  return made;
}

/// Sees the server answer, so that the connections which came before are the server's by now.
void be_answered(const Server& server) {
  const int asking = connection(server, "GET /health/live HTTP/1.1\r\nHost: here\r\n\r\n");
  char answer[512];
  CHECK(::recv(asking, answer, sizeof answer, 0) > 0);
  ::close(asking);
}

}  // namespace

TEST_CASE("a server that ends frees the connections that are open, whatever they wait for") {
  const ServerOptions options = options_of(std::filesystem::path(PIPIT_TEST_BUILD) / "server_host");
  const auto round = [&] {
    std::vector<int> open;
    {
      Server server(options);
      server.wait_until_ready();
      open.push_back(connection(server, ""));
      open.push_back(connection(server, "POST /v1/pipelines/up HTTP/1.1\r\nHost: he"));
      open.push_back(connection(server, "POST /v1/pipelines/up HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\n\r\n{"));
      be_answered(server);
    }
    for (const int made : open) ::close(made);
  };
  // What is made once for good is made by the first.
  for (int i = 0; i < 5; ++i) round();
  const auto bytes = mallinfo2().uordblks;
  for (int i = 0; i < 50; ++i) round();
  CHECK_MESSAGE(mallinfo2().uordblks < bytes + 50'000, "less than a connection in five servers");
}
