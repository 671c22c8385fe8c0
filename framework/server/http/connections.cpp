#include "server/http/connections.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cctype>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <set>
#include <thread>

#include "module/foreign_code.h"
#include "pipit/error.h"
#include "server/http/target.h"
#include "server/http/workers.h"

namespace pipit::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Error = pipit::Error;
using Protocol = asio::generic::stream_protocol;
using Failure = boost::system::error_code;

constexpr auto kAcceptAgain = std::chrono::milliseconds(100);  // after the process ran out of descriptors
constexpr const char* kUnix = "unix:";

/// "HOST:PORT" apart.
std::pair<std::string, std::string> host_and_port(const std::string& address) {
  const auto colon = address.rfind(':');
  const std::string port = colon == std::string::npos ? "" : address.substr(colon + 1);
  const bool digits =
      !port.empty() && port.size() <= 5 && std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || std::stoi(port) > 65535) {
    throw Error("invalid_argument",
                fmt::format("an address to listen at is HOST:PORT, [IPV6]:PORT or unix:PATH, found '{}'", address));
  }
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return {host, port};
}

asio::ip::tcp::endpoint endpoint_of(const std::string& address) {
  const auto [host, port] = host_and_port(address);
  const auto number = static_cast<std::uint16_t>(std::stoi(port));
  // No name server is asked: the two names that every machine has.
  if (host == "localhost") return {asio::ip::address_v4::loopback(), number};
  Failure failure;
  const auto parsed = asio::ip::make_address(host, failure);
  if (failure) {
    throw Error("invalid_argument", fmt::format("'{}' is not an IP address to listen at (in '{}'); names other than "
                                                "'localhost' are not looked up",
                                                host, address));
  }
  return {parsed, number};
}

double seconds(Clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

bool is_local(const std::string& address) {
  return address.starts_with(kUnix) || endpoint_of(address).address().is_loopback();
}

namespace {

/// What all connections share.
struct Shared {
  Shared(const Limits& limits_, Front& front_)
      : limits(limits_), front(front_), workers(static_cast<std::size_t>(limits_.under_way)) {}

  const Limits limits;
  Front& front;
  asio::io_context io{1};
  // Its thread goes on while all that is left is the answer of a worker.
  asio::executor_work_guard<asio::io_context::executor_type> lasting{io.get_executor()};
  Workers workers;
  std::atomic<int> under_way{0};
  std::atomic<bool> draining{false};
  std::atomic<std::uint64_t> requests{0};
  std::mutex mutex;
  std::condition_variable changed;

  void ended() {
    {
      const std::scoped_lock lock(mutex);
      --under_way;
    }
    changed.notify_all();
  }
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Protocol::socket socket, std::shared_ptr<Shared> shared)
      : stream_(std::move(socket)), shared_(std::move(shared)) {}

  void read() {
    parser_.emplace();
    parser_->header_limit(shared_->limits.header_bytes);
    parser_->body_limit(shared_->limits.body_bytes);
    stream_.expires_after(served_ == 0 ? shared_->limits.timeout : shared_->limits.idle);
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = shared_from_this()](Failure failure, std::size_t) { self->on_header(failure); });
  }

  /// Idle ones end; others end when they have answered.
  void close_if_idle() {
    if (!busy_) close();
  }
  /// Whoever waits to send something is told that it cannot be sent.
  void abort() {
    Failure ignored;
    stream_.socket().close(ignored);
  }

 private:
  void on_header(Failure failure) {
    arrived_ = Clock::now();
    if (failure) return on_broken(failure);
    busy_ = true;
    try {
      take_head();
      shared_->front.admit(request_);
      if (shared_->draining) throw Refusal{503, "draining", "the server is about to end", "", {{"Retry-After", "5"}}};
    } catch (const Refusal& refusal) {
      // The body was not read: what follows on this connection is not known to be a request.
      closes_ = closes_ || !parser_->is_done();
      return respond(told(refusal));
    }
    const auto expect = parser_->get()[http::field::expect];
    if (!beast::iequals(expect, "100-continue")) return read_body();
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(stream_, asio::buffer(kContinue), [self = shared_from_this()](Failure written, std::size_t) {
      if (written) return self->close();
      self->read_body();
    });
  }

  void read_body() {
    stream_.expires_after(shared_->limits.timeout);
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](Failure failure, std::size_t) {
      if (failure) return self->on_broken(failure);
      self->request_.body = std::move(self->parser_->get().body());
      self->dispatch();
    });
  }

  /// What came is not a request, or did not come in time: then Beast has closed the connection.
  void on_broken(Failure failure) {
    if (failure == http::error::body_limit) {
      return refuse({413, "too_large", fmt::format("a request's body may have {} bytes", shared_->limits.body_bytes)});
    }
    if (failure == http::error::header_limit || failure == http::error::buffer_overflow) {
      return refuse(
          {431, "too_large", fmt::format("a request's headers may have {} bytes", shared_->limits.header_bytes)});
    }
    const bool wrong = failure.category() == make_error_code(http::error::bad_method).category() &&
                       failure != http::error::end_of_stream && failure != http::error::partial_message;
    if (wrong)
      return refuse({400, "invalid_request", fmt::format("this is not an HTTP request: {}", failure.message())});
    close();
  }

  void refuse(const Refusal& refusal) {
    closes_ = true;
    if (!busy_) {
      request_ = {};
      request_.arrived = arrived_;
    }
    busy_ = true;
    respond(told(refusal));
  }

  void take_head() {
    const auto& head = parser_->get();
    request_ = {};
    request_.arrived = arrived_;
    request_.deadline = arrived_ + shared_->limits.timeout;
    request_.method = std::string(head.method_string());
    for (const auto& field : head) {
      std::string name(field.name_string());
      std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      request_.headers.emplace_back(std::move(name), std::string(field.value()));
    }
    request_.id = request_id();
    gone_ = std::make_shared<std::atomic<bool>>(false);
    request_.gone = [gone = gone_] { return gone->load(); };
    closes_ = !head.keep_alive();
    const std::string_view target(head.target().data(), head.target().size());
    const auto parsed = parse_target(target);
    if (!parsed)
      throw Refusal{400, "invalid_request", fmt::format("'{}' is not the path of a request", target.substr(0, 200))};
    request_.path = parsed->path;
    request_.query = parsed->query;
  }

  /// The client's own where it is one that fits a log's line.
  std::string request_id() const {
    const std::string_view own = request_.header("x-request-id");
    const bool fits = !own.empty() && own.size() <= 100 && std::ranges::all_of(own, [](unsigned char c) {
      return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
    });
    return fits ? std::string(own) : fmt::format("{:x}-{}", ::getpid(), ++shared_->requests);
  }

  void dispatch() {
    queued_ = Clock::now();
    if (shared_->front.is_quick(request_)) {
      working_ = queued_;
      return respond(shared_->front.answer(request_));
    }
    if (shared_->under_way >= shared_->limits.under_way) {
      return respond(told({429,
                           "overloaded",
                           fmt::format("{} requests are under way, as many as may be", shared_->limits.under_way),
                           "",
                           {{"Retry-After", "1"}}}));
    }
    ++shared_->under_way;
    stream_.expires_never();
    watch();
    try {
      shared_->workers.post([self = shared_from_this()] {
        self->working_ = Clock::now();
        self->work();
      });
    } catch (const Error& error) {
      shared_->ended();
      respond(told({503, error.code(), error.what(), "", {{"Retry-After", "1"}}}));
    }
  }

  /// Notices that the client closes its end while its request is answered.
  void watch() {
    stream_.socket().async_wait(
        asio::socket_base::wait_read, [self = shared_from_this(), gone = gone_](Failure failure) {
          if (failure) return;
          char byte = 0;
          const ssize_t got = ::recv(self->stream_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
          if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) *gone = true;
        });
  }

  /// On a thread of its own.
  void work() {
    Response response = shared_->front.answer(request_);
    if (response.stream && request_.method != "HEAD") {
      stream_body(response);
      shared_->ended();
      return;
    }
    asio::post(shared_->io, [self = shared_from_this(), response = std::move(response)]() mutable {
      self->respond(std::move(response));
      self->shared_->ended();
    });
  }

  http::response<http::empty_body> head_of(const Response& response) const {
    http::response<http::empty_body> head(static_cast<http::status>(response.status), 11);
    head.set(http::field::server, "pipit");
    if (!response.type.empty()) head.set(http::field::content_type, response.type);
    head.set("X-Request-Id", request_.id);
    for (const auto& [name, value] : response.headers) head.set(name, value);
    head.keep_alive(!closes_);
    return head;
  }

  void respond(Response response) {
    const auto worked = Clock::now();
    const bool head_only = request_.method == "HEAD";
    auto message = std::make_shared<http::response<http::string_body>>(head_of(response));
    const std::uint64_t bytes = response.length ? *response.length : response.body.size();
    if (!head_only) message->body() = std::move(response.body);
    const bool empty = response.status == 204 || response.status == 304 || response.status < 200;
    if (!empty) message->content_length(bytes);
    stream_.expires_after(shared_->limits.timeout);
    const auto written = [self = shared_from_this(), message, worked, bytes, about = std::move(response.about)](
                             Failure failure, std::size_t) {
      self->tell(message->result_int(), bytes, worked, about);
      self->end(failure);
    };
    if (head_only) {
      auto serializer = std::make_shared<http::response_serializer<http::string_body>>(*message);
      http::async_write_header(stream_, *serializer,
                               [written, serializer](Failure failure, std::size_t size) { written(failure, size); });
      return;
    }
    http::async_write(stream_, *message, written);
  }

  void tell(unsigned status, std::uint64_t bytes, Clock::time_point worked, const std::string& about) {
    const auto now = Clock::now();
    const bool came = queued_ >= arrived_ && working_ >= queued_;
    shared_->front.done({request_, status, bytes, came ? seconds(working_ - queued_) : 0,
                         came ? seconds(worked - working_) : 0, seconds(now - worked), about});
  }

  /// On the thread of the connections, and waits for it there.
  bool send(std::string text) {
    auto sent = std::make_shared<std::promise<bool>>();
    auto result = sent->get_future();
    asio::post(shared_->io, [self = shared_from_this(), text = std::make_shared<std::string>(std::move(text)), sent] {
      self->stream_.expires_after(self->shared_->limits.timeout);
      asio::async_write(self->stream_, asio::buffer(*text), [self, text, sent](Failure failure, std::size_t) {
        if (failure) *self->gone_ = true;
        self->stream_.expires_never();
        sent->set_value(!failure);
      });
    });
    return result.get();
  }

  void stream_body(Response& response) {
    const bool chunked = !response.length;
    auto head = head_of(response);
    if (chunked)
      head.chunked(true);
    else
      head.content_length(*response.length);
    std::ostringstream text;
    text << head.base();
    bool good = send(text.str());
    std::uint64_t bytes = 0;
    const auto worked = Clock::now();
    const Write write = [&](std::string_view some) {
      if (!good || some.empty()) return good;
      bytes += some.size();
      good = send(chunked ? fmt::format("{:x}\r\n{}\r\n", some.size(), some) : std::string(some));
      return good;
    };
    try {
      response.stream(write);
    } catch (...) {
      good = false;  // the client sees that the end is missing
    }
    if (response.length && bytes != *response.length) good = false;
    if (good && chunked) good = send("0\r\n\r\n");
    asio::post(shared_->io,
               [self = shared_from_this(), good, bytes, worked, status = response.status, about = response.about] {
                 self->tell(status, bytes, worked, about);
                 self->end(good ? Failure() : make_error_code(beast::error::timeout));
               });
  }

  void end(Failure failure) {
    busy_ = false;
    ++served_;
    if (failure || closes_ || shared_->draining) return close();
    read();
  }

  void close() {
    // What the client still sends is read for a moment: a reset would take the response from it.
    Failure ignored;
    stream_.socket().shutdown(asio::socket_base::shutdown_send, ignored);
    if (closes_ && !closed_) {
      closed_ = true;
      stream_.expires_after(std::chrono::seconds(1));
      return drop();
    }
    stream_.socket().close(ignored);
  }

  void drop() {
    stream_.async_read_some(asio::buffer(dropped_), [self = shared_from_this()](Failure failure, std::size_t) {
      if (!failure) return self->drop();
      Failure ignored;
      self->stream_.socket().close(ignored);
    });
  }

  beast::basic_stream<Protocol> stream_;
  std::shared_ptr<Shared> shared_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  Request request_;
  std::shared_ptr<std::atomic<bool>> gone_ = std::make_shared<std::atomic<bool>>(false);
  Clock::time_point arrived_{};
  Clock::time_point queued_{};
  Clock::time_point working_{};
  std::array<char, 4096> dropped_{};
  int served_ = 0;
  bool busy_ = false;
  bool closes_ = false;
  bool closed_ = false;
};

}  // namespace

class Connections::Net {
 public:
  Net(const std::string& address, const Limits& limits, Front& front)
      : shared_(std::make_shared<Shared>(limits, front)) {
    if (address.starts_with(kUnix)) {
      listen_at_path(address.substr(std::string_view(kUnix).size()));
    } else {
      listen_at(address, endpoint_of(address));
    }
    thread_ = std::thread([this] {
      enter_own_thread();
      shared_->io.run();
    });
  }
  ~Net() {
    drain(std::chrono::milliseconds(0));
    asio::post(shared_->io, [this] {
      for (const auto& weak : connections_) {
        if (const auto connection = weak.lock()) connection->abort();
      }
    });
    // Whoever answers may still have something to send, and the thread of the connections says that it is too late.
    shared_->workers.join();
    shared_->io.stop();
    thread_.join();
    // What was broken off is told so here: a connection lasts as long as something of it waits to be told, and holds
    // what it would be told by.
    shared_->lasting.reset();
    shared_->io.restart();
    shared_->io.poll();
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  Net(const Net&) = delete;
  Net& operator=(const Net&) = delete;

  const std::string& address() const { return address_; }
  int under_way() const { return shared_->under_way; }

  bool drain(std::chrono::milliseconds most) {
    shared_->draining = true;
    asio::post(shared_->io, [this] {
      Failure ignored;
      acceptor_.close(ignored);
      for (const auto& weak : connections_) {
        if (const auto connection = weak.lock()) connection->close_if_idle();
      }
    });
    std::unique_lock lock(shared_->mutex);
    return shared_->changed.wait_for(lock, most, [&] { return shared_->under_way == 0; });
  }

 private:
  void listen_at(const std::string& address, const asio::ip::tcp::endpoint& endpoint) {
    try {
      asio::ip::tcp::acceptor acceptor(shared_->io);
      acceptor.open(endpoint.protocol());
      acceptor.set_option(asio::socket_base::reuse_address(true));
      acceptor.bind(endpoint);
      acceptor.listen(asio::socket_base::max_listen_connections);
      const auto bound = acceptor.local_endpoint();
      const std::string host = bound.address().to_string();
      address_ = fmt::format("{}:{}", bound.address().is_v6() ? "[" + host + "]" : host, bound.port());
      const auto protocol = bound.protocol();
      acceptor_.assign(Protocol(protocol.family(), protocol.protocol()), acceptor.release());
    } catch (const boost::system::system_error& e) {
      throw Error("unavailable", fmt::format("cannot listen at '{}': {}", address, e.code().message()));
    }
    accept();
  }

  void listen_at_path(const std::string& path) {
    try {
      // A socket that nobody listens at was left by a process that was killed.
      struct stat status {};
      if (::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) {
        asio::local::stream_protocol::socket probe(shared_->io);
        Failure failure;
        probe.connect(path, failure);
        if (failure == boost::system::errc::connection_refused) ::unlink(path.c_str());
      }
      asio::local::stream_protocol::acceptor acceptor(shared_->io);
      acceptor.open();
      acceptor.bind(path);
      acceptor.listen(asio::socket_base::max_listen_connections);
      path_ = path;
      address_ = kUnix + path;
      acceptor_.assign(Protocol(AF_UNIX, 0), acceptor.release());
    } catch (const boost::system::system_error& e) {
      throw Error("unavailable", fmt::format("cannot listen at '{}': {}", path, e.code().message()));
    }
    accept();
  }

  void accept() {
    acceptor_.async_accept([this](Failure failure, Protocol::socket socket) {
      if (!acceptor_.is_open()) return;
      if (failure) return accept_later();
      // A response is written at once, and nothing is to wait for more of it.
      Failure ignored;
      if (path_.empty()) socket.set_option(asio::ip::tcp::no_delay(true), ignored);
      auto connection = std::make_shared<Connection>(std::move(socket), shared_);
      remember(connection);
      connection->read();
      accept();
    });
  }

  /// Descriptors come back as connections end.
  void accept_later() {
    timer_.expires_after(kAcceptAgain);
    timer_.async_wait([this](Failure failure) {
      if (!failure && acceptor_.is_open()) accept();
    });
  }

  void remember(const std::shared_ptr<Connection>& connection) {
    if (connections_.size() >= 2 * alive_ + 64) {
      std::erase_if(connections_, [](const auto& weak) { return weak.expired(); });
      alive_ = connections_.size();
    }
    connections_.push_back(connection);
  }

  std::shared_ptr<Shared> shared_;
  asio::basic_socket_acceptor<Protocol> acceptor_{shared_->io};
  asio::steady_timer timer_{shared_->io};
  std::vector<std::weak_ptr<Connection>> connections_;
  std::size_t alive_ = 0;
  std::string address_;
  std::string path_;
  std::thread thread_;
};

Connections::Connections(const std::string& address, const Limits& limits, Front& front)
    : net_(std::make_unique<Net>(address, limits, front)) {}
Connections::~Connections() = default;
const std::string& Connections::address() const {
  return net_->address();
}
int Connections::under_way() const {
  return net_->under_way();
}
bool Connections::drain(std::chrono::milliseconds most) {
  return net_->drain(most);
}

}  // namespace pipit::server
