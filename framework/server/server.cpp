#include "pipit/server.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <ctime>
#include <mutex>
#include <thread>

#include "module/foreign_code.h"
#include "pipit/error.h"
#include "server/api_keys.h"
#include "server/house.h"
#include "server/http/connections.h"
#include "server/routes/json_body.h"
#include "server/routes/routes.h"

namespace pipit::server {
namespace {

Limits limits_of(const ServerOptions& options) {
  Limits limits;
  limits.body_bytes = options.most_body_bytes;
  limits.timeout = options.timeout;
  limits.under_way = options.most_under_way;
  return limits;
}

void require_guard(const ServerOptions& options) {
  if (is_local(options.listen) || options.no_auth || !options.api_key_file.empty()) return;
  throw Error("invalid_argument",
              fmt::format("'{}' can be reached by other machines: guard it with --api-key-file FILE, or say --no-auth",
                          options.listen));
}

/// What a path has in the place of a route's "*"; nothing when it is another path.
std::optional<std::string> rest_of(std::string_view path, std::string_view route) {
  const auto star = route.find('*');
  if (star == std::string_view::npos) return path == route ? std::optional<std::string>("") : std::nullopt;
  const std::string_view before = route.substr(0, star);
  const std::string_view behind = route.substr(star + 1);
  if (path.size() <= before.size() + behind.size() || !path.starts_with(before) || !path.ends_with(behind))
    return std::nullopt;
  return std::string(path.substr(before.size(), path.size() - before.size() - behind.size()));
}

bool is_method(const Route& route, const std::string& method) {
  return method == route.method || (method == "HEAD" && std::string_view(route.method) == "GET");
}

std::string time_text() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  gmtime_r(&now.tv_sec, &parts);
  char text[32];
  const auto size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  return fmt::format("{}.{:03}Z", std::string_view(text, size), now.tv_nsec / 1000000);
}

std::string node_metrics(const House& house) {
  std::string text;
  struct Kind {
    const char* name;
    const char* help;
    double (*value)(const NodeStats&);
  };
  static constexpr Kind kKinds[] = {
      {"pipit_node_rows_total", "Rows that came into a node.",
       [](const NodeStats& n) { return static_cast<double>(n.rows_in); }},
      {"pipit_node_calls_total", "Calls of a node's operator, each with one row or more.",
       [](const NodeStats& n) { return static_cast<double>(n.calls); }},
      {"pipit_node_failed_total", "Items that failed at a node.",
       [](const NodeStats& n) { return static_cast<double>(n.failed); }},
      {"pipit_node_busy_seconds_total", "Time in a node's operator.", [](const NodeStats& n) { return n.busy_s; }}};
  for (const Kind& kind : kKinds) {
    text += fmt::format("# HELP {0} {1}\n# TYPE {0} counter\n", kind.name, kind.help);
    for (const auto& [name, model] : house.models()) {
      for (const NodeStats& node : model->stats()) {
        text += fmt::format("{}{{model={},node={},op={}}} {}\n", kind.name, metric_label(name), metric_label(node.name),
                            metric_label(node.op), kind.value(node));
      }
    }
  }
  return text;
}

}  // namespace

class Server::Service final : public Front {
 public:
  explicit Service(const ServerOptions& options)
      : options_(options), keys_(options.api_key_file), media_(options.media_roots) {
    require_guard(options);
    options_.pipeline.cancel_opening = [this] { return stopping_.load(); };
    connections_ = std::make_unique<Connections>(options.listen, limits_of(options), *this);
    opening_ = std::thread([this] {
      enter_own_thread();
      open();
    });
  }
  ~Service() override {
    stopping_ = true;
    opening_.join();
    connections_.reset();
  }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  const std::string& address() const { return connections_->address(); }
  bool is_ready() const { return house() != nullptr && !stopping_; }
  void wait_until_ready() {
    std::unique_lock lock(mutex_);
    opened_.wait(lock, [&] { return house_ != nullptr || failure_ != nullptr; });
    if (failure_) std::rethrow_exception(failure_);
  }
  void reload() {
    auto fresh = std::make_shared<const House>(options_);
    const std::scoped_lock lock(mutex_);
    // The old one goes with the last request that asks it.
    house_ = std::move(fresh);
  }
  bool stop(std::chrono::milliseconds patience) {
    stopping_ = true;
    return connections_->drain(patience);
  }

  void admit(const Request& request) override {
    const bool open = request.path.starts_with("/health/") || request.path.starts_with("/v2/health/");
    if (open || request.method == "OPTIONS") return;
    if (!keys_.admit(request.header("authorization"))) {
      throw Refusal{401,
                    "invalid_api_key",
                    "the request bears no key of this server: Authorization: Bearer KEY",
                    "",
                    {{"WWW-Authenticate", "Bearer"}}};
    }
  }

  bool is_quick(const Request& request) override {
    const Route* route = route_of(request);
    return route == nullptr || route->quick;
  }

  Response answer(Request& request) override {
    Response response;
    try {
      response = answered(request);
    } catch (const Refusal& refusal) {
      response = told(refusal);
    } catch (const Error& e) {
      response = told(refusal_of({"", e.code(), e.what()}));
    } catch (const std::exception& e) {
      response = told({500, "internal", e.what()});
    } catch (...) {
      response = told({500, "internal", "something was thrown that is no exception"});
    }
    if (!options_.cors_origin.empty()) {
      response.headers.emplace_back("Access-Control-Allow-Origin", options_.cors_origin);
      response.headers.emplace_back("Vary", "Origin");
    }
    return response;
  }

  void done(const Outcome& outcome) override {
    const Request& request = outcome.request;
    const Route* route = route_of(request);
    const std::string path = route != nullptr ? route->path : is_own(request.path) ? request.path : "other";
    const double all = std::chrono::duration<double>(Clock::now() - request.arrived).count();
    metrics_.count(path, outcome.status, all, request.body.size(), outcome.bytes_out);
    if (!options_.log) return;
    const auto ms = [](double seconds) { return static_cast<double>(static_cast<std::int64_t>(seconds * 1e6)) / 1000; };
    const Json line = {{"time", time_text()},
                       {"id", request.id},
                       {"method", request.method},
                       {"path", request.path},
                       {"status", outcome.status},
                       {"about", outcome.about},
                       {"bytes_in", request.body.size()},
                       {"bytes_out", outcome.bytes_out},
                       {"ms", ms(all)},
                       {"queue_ms", ms(outcome.queue_s)},
                       {"work_ms", ms(outcome.work_s)},
                       {"write_ms", ms(outcome.write_s)}};
    options_.log(line.dump(-1, ' ', false, Json::error_handler_t::replace));
  }

 private:
  void open() {
    try {
      auto house = std::make_shared<const House>(options_);
      const std::scoped_lock lock(mutex_);
      house_ = std::move(house);
    } catch (...) {
      const std::scoped_lock lock(mutex_);
      failure_ = std::current_exception();
    }
    opened_.notify_all();
  }

  std::shared_ptr<const House> house() const {
    const std::scoped_lock lock(mutex_);
    return house_;
  }

  static bool is_own(const std::string& path) {
    static constexpr const char* kOwn[] = {"/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready",
                                           "/metrics"};
    return std::ranges::find(kOwn, path) != std::end(kOwn);
  }

  static const Route* route_of(const Request& request) {
    const auto found = std::ranges::find_if(routes(), [&](const Route& route) {
      return is_method(route, request.method) && rest_of(request.path, route.path);
    });
    return found == routes().end() ? nullptr : &*found;
  }

  Response answered(const Request& request) {
    if (request.method == "OPTIONS") return options_response();
    if (is_own(request.path)) return own(request);
    const Route* route = route_of(request);
    if (route == nullptr) {
      std::string allowed;
      for (const Route& one : routes()) {
        if (rest_of(request.path, one.path)) allowed += fmt::format("{}{}", allowed.empty() ? "" : ", ", one.method);
      }
      if (allowed.empty())
        throw Refusal{404, "not_found",
                      fmt::format("there is nothing at '{}'; /openapi.json lists what there is", request.path)};
      throw Refusal{405,
                    "method_not_allowed",
                    fmt::format("'{}' takes {}, found {}", request.path, allowed, request.method),
                    "",
                    {{"Allow", allowed}}};
    }
    const auto all = house();
    if (all == nullptr) throw Refusal{503, "not_ready", "the models are being opened", "", {{"Retry-After", "1"}}};
    return route->handler({options_, all, media_, metrics_}, request, *rest_of(request.path, route->path));
  }

  Response options_response() const {
    Response response;
    response.status = 204;
    response.type.clear();
    response.headers = {{"Allow", "GET, HEAD, POST, OPTIONS"}};
    if (!options_.cors_origin.empty()) {
      response.headers.emplace_back("Access-Control-Allow-Methods", "GET, POST, OPTIONS");
      response.headers.emplace_back("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Request-Id");
      response.headers.emplace_back("Access-Control-Max-Age", "600");
    }
    return response;
  }

  Response own(const Request& request) {
    if (request.method != "GET" && request.method != "HEAD") {
      throw Refusal{405,
                    "method_not_allowed",
                    fmt::format("'{}' takes GET, found {}", request.path, request.method),
                    "",
                    {{"Allow", "GET"}}};
    }
    if (request.path == "/metrics") {
      Response response;
      response.type = "text/plain; version=0.0.4; charset=utf-8";
      response.body = metrics_.text();
      response.body += "# HELP pipit_under_way Requests that are being answered.\n# TYPE pipit_under_way gauge\n";
      response.body += fmt::format("pipit_under_way {}\n", connections_->under_way());
      response.body +=
          fmt::format("# HELP pipit_ready Whether all models are open.\n# TYPE pipit_ready gauge\npipit_ready {}\n",
                      is_ready() ? 1 : 0);
      if (const auto all = house()) response.body += node_metrics(*all);
      return response;
    }
    const bool live = request.path.ends_with("live");
    if (live || is_ready()) return json_response({{live ? "live" : "ready", true}});
    if (stopping_) throw Refusal{503, "draining", "the server is about to end"};
    throw Refusal{503, "not_ready", "the models are being opened", "", {{"Retry-After", "1"}}};
  }

  ServerOptions options_;
  const ApiKeys keys_;
  const MediaRoots media_;
  Metrics metrics_;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::condition_variable opened_;
  std::shared_ptr<const House> house_;
  std::exception_ptr failure_;
  std::unique_ptr<Connections> connections_;
  std::thread opening_;
};

Server::Server(const ServerOptions& options) : service_(std::make_unique<Service>(options)) {}
Server::~Server() = default;
const std::string& Server::address() const {
  return service_->address();
}
void Server::wait_until_ready() {
  service_->wait_until_ready();
}
bool Server::is_ready() const {
  return service_->is_ready();
}
void Server::reload() {
  service_->reload();
}
bool Server::stop(std::chrono::milliseconds patience) {
  return service_->stop(patience);
}

}  // namespace pipit::server
