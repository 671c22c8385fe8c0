// What is answered where. A handler throws Refusal, or pipit::Error, for what it does not answer.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "pipit/server.h"
#include "server/house.h"
#include "server/http/message.h"
#include "server/media.h"
#include "server/metrics.h"

namespace pipit::server {

/// What handlers share; a copy keeps its models as long as it lives.
struct Served {
  const ServerOptions& options;
  std::shared_ptr<const House> house;
  const MediaRoots& media;
  Metrics& metrics;
};

/// `rest`: what stands in the place of the route's "*".
using Handler = Response (*)(const Served& served, const Request& request, const std::string& rest);

struct Route {
  const char* method;  // "GET" stands for HEAD too
  const char* path;    // may have one "*", which stands for one part or, at the end, for all the rest
  Handler handler;
  bool quick = false;  // takes no thread
};

/// All that need models; health and metrics are the service's own. The first that fits answers: the most particular
/// stands first.
std::span<const Route> routes();

Response list_models(const Served& served, const Request& request, const std::string& rest);
Response show_model(const Served& served, const Request& request, const std::string& rest);
Response embeddings(const Served& served, const Request& request, const std::string& rest);
Response run_pipeline(const Served& served, const Request& request, const std::string& rest);
Response list_indexes(const Served& served, const Request& request, const std::string& rest);
Response search(const Served& served, const Request& request, const std::string& rest);
Response picture(const Served& served, const Request& request, const std::string& rest);
Response media_file(const Served& served, const Request& request, const std::string& rest);
Response inference_server(const Served& served, const Request& request, const std::string& rest);
Response inference_model(const Served& served, const Request& request, const std::string& rest);
Response inference_ready(const Served& served, const Request& request, const std::string& rest);
Response infer(const Served& served, const Request& request, const std::string& rest);
Response page(const Served& served, const Request& request, const std::string& rest);
Response openapi(const Served& served, const Request& request, const std::string& rest);

}  // namespace pipit::server
