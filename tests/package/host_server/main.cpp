// Serves a pipeline inside a program of its own: host_server PIPELINE.yaml ADDRESS
#include <pipit/server.h>

#include <chrono>
#include <cstdio>
#include <string>

int main(int argc, char** argv) try {
  if (argc != 3) throw pipit::Error("invalid_input", "usage: host_server PIPELINE.yaml ADDRESS");
  pipit::server::ServerOptions options;
  options.pipelines = {{"mine", argv[1]}};
  options.listen = argv[2];
  options.log = [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); };
  pipit::server::Server server(options);
  server.wait_until_ready();
  std::printf("%s\n", server.address().c_str());
  std::fflush(stdout);
  // Until the program's own work is done: here, until somebody closes its input.
  while (std::getchar() != EOF) {
  }
  return server.stop(std::chrono::seconds(10)) ? 0 : 1;
} catch (const pipit::Error& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 2;
}
