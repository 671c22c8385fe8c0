// Pipelines and indexes over HTTP, inside a host program.
//
//   pipit::server::ServerOptions options;
//   options.pipelines = {{"text_embedding", "text_embedding.yaml"}};
//   options.listen = "127.0.0.1:8080";
//   pipit::server::Server server(options);   // listens, and opens the models meanwhile
//   server.wait_until_ready();               // throws what is wrong with a pipeline
//   wait_for_the_end();
//   server.stop(std::chrono::seconds(30));   // answers what is under way
//
// Routes, forms and limits: docs/serving.md. No signal is handled, nothing is written: `log` gets a line for each
// request. All functions may be called from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pipit/pipeline.h"

#pragma GCC visibility push(hidden)

namespace pipit::server {

struct ServerOptions {
  /// By name; an empty name is that of the file, without ".yaml".
  std::vector<std::pair<std::string, std::filesystem::path>> pipelines;
  /// Folders of indexes, by name likewise, without ".index". Their query pipelines are models too.
  std::vector<std::pair<std::string, std::filesystem::path>> indexes;
  /// "HOST:PORT", "[IPV6]:PORT" or "unix:PATH"; port 0 is any free one.
  std::string listen = "127.0.0.1:8080";
  /// Folders whose files clients may name.
  std::vector<std::filesystem::path> media_roots;
  /// A file with a key a line, one of which a request must bear. Without it an address that other machines reach is
  /// refused, unless `no_auth`.
  std::string api_key_file;
  bool no_auth = false;
  /// The origin of pages on other servers that may ask, "https://example.org" or "*"; empty: none.
  std::string cors_origin;
  int most_under_way = 256;  // requests; others get 429
  std::uint64_t most_body_bytes = std::uint64_t{64} << 20;
  std::chrono::milliseconds timeout{60000};  // for a request to come, to be answered, and to be read
  int most_items = 2048;                     // of a request
  /// For the pipelines: threads, --set, the operator path, warnings.
  Options pipeline;
  /// A JSON object on one line, for each request. Called by one thread at a time.
  std::function<void(const std::string& line)> log;
};

class PIPIT_EXPORT Server {
 public:
  /// Listens. Models are opened on a thread of their own; /health/ready tells when. Throws pipit::Error: `unavailable`
  /// for an address that is taken, `invalid_argument` for one that is none, or that others reach and no key guards.
  explicit Server(const ServerOptions& options);
  /// As stop() without patience: clients lose what is not sent yet. Waits for items that are being worked on, at most
  /// for `timeout`.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Where it listens: "127.0.0.1:43817".
  const std::string& address() const;
  /// Returns when all models are open. Throws what one of them threw.
  void wait_until_ready();
  bool is_ready() const;
  /// Opens all pipelines and indexes anew, beside those that serve, which go on until the new ones are open and then
  /// end what they have begun. Throws what is wrong with a new one; the old ones stay then.
  void reload();
  /// Takes no new requests, and returns when those under way are answered, or after so long. False: some were not.
  bool stop(std::chrono::milliseconds patience);

 private:
  class Service;
  std::unique_ptr<Service> service_;
};

}  // namespace pipit::server

#pragma GCC visibility pop
