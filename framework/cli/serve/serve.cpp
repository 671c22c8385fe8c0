// pipit serve

#include <fmt/format.h>

#include <sys/signalfd.h>
#include <unistd.h>
#include <csignal>
#include <cstdio>

#include "base/process_limits.h"
#include "cli/command.h"
#include "pipit/error.h"
#include "pipit/server.h"

namespace pipit::cli {
namespace {

namespace po = boost::program_options;
using Named = std::vector<std::pair<std::string, std::filesystem::path>>;

po::options_description serve_options() {
  po::options_description options("options");
  const auto text = [] { return po::value<std::string>(); };
  const auto texts = [] { return po::value<std::vector<std::string>>()->composing(); };
  options.add_options()("pipeline", texts()->value_name("[NAME=]PIPELINE.yaml"), "a pipeline; may be repeated");
  options.add_options()("index", texts()->value_name("[NAME=]DIR.index"),
                        "an index to search in, whose query pipelines are models too; may be repeated");
  options.add_options()("listen", text()->default_value("127.0.0.1:8080")->value_name("ADDRESS"),
                        "HOST:PORT, [IPV6]:PORT or unix:PATH");
  options.add_options()("media-root", texts()->value_name("DIR"),
                        "clients may name files in this folder, and see them; may be repeated");
  options.add_options()("api-key-file", text()->default_value("")->value_name("FILE"),
                        "keys, one a line, one of which a request must bear");
  options.add_options()("no-auth", po::bool_switch(), "an address that other machines reach, without keys");
  options.add_options()("cors", text()->default_value("")->value_name("ORIGIN"),
                        "pages of this origin may ask, https://example.org or *");
  options.add_options()("max-queue", po::value<int>()->default_value(256)->value_name("N"),
                        "requests that are under way at most; others are told to come again (429)");
  options.add_options()("max-body", po::value<int>()->default_value(64)->value_name("MIB"), "of a request");
  options.add_options()("max-items", po::value<int>()->default_value(2048)->value_name("N"), "of a request");
  options.add_options()("timeout", po::value<double>()->default_value(60)->value_name("S"),
                        "for a request to come, to be answered and to be read, and for the end");
  add_memory_option(options);
  options.add_options()("threads", po::value<int>()->default_value(0)->value_name("N"),
                        "threads; 0: the CPUs that this process may use");
  options.add_options()("quiet,q", po::bool_switch(), "no line for each request");
  add_pipeline_options(options);
  return options;
}

int at_least(const po::variables_map& values, const char* option, int least) {
  const int number = values[option].as<int>();
  if (number < least)
    throw UsageError(fmt::format("--{} takes a number of at least {}, found {}", option, least, number));
  return number;
}

/// "NAME=FILE", or FILE alone: a name has no slash.
Named named(const po::variables_map& values, const char* option) {
  Named all;
  if (!values.contains(option)) return all;
  for (const std::string& text : values[option].as<std::vector<std::string>>()) {
    const auto equals = text.find('=');
    const bool is_named =
        equals != std::string::npos && equals > 0 && text.substr(0, equals).find('/') == std::string::npos;
    all.emplace_back(is_named ? text.substr(0, equals) : "", is_named ? text.substr(equals + 1) : text);
  }
  return all;
}

server::ServerOptions options_of(const po::variables_map& values) {
  const auto text = [&](const char* option) { return values[option].as<std::string>(); };
  server::ServerOptions options;
  options.pipelines = named(values, "pipeline");
  options.indexes = named(values, "index");
  if (options.pipelines.empty() && options.indexes.empty())
    throw UsageError("nothing to serve: give a pipeline, or --index DIR.index");
  options.listen = text("listen");
  if (values.contains("media-root")) {
    for (const std::string& folder : values["media-root"].as<std::vector<std::string>>())
      options.media_roots.emplace_back(folder);
  }
  options.api_key_file = text("api-key-file");
  options.no_auth = values["no-auth"].as<bool>();
  options.cors_origin = text("cors");
  options.most_under_way = at_least(values, "max-queue", 1);
  options.most_body_bytes = static_cast<std::uint64_t>(at_least(values, "max-body", 1)) << 20;
  options.most_items = at_least(values, "max-items", 1);
  const double timeout = values["timeout"].as<double>();
  if (!(timeout > 0 && timeout <= 86400))
    throw UsageError(fmt::format("--timeout takes a number above 0, at most 86400, found {}", timeout));
  options.timeout = std::chrono::milliseconds(static_cast<std::int64_t>(timeout * 1000));
  limit_memory_by(values);
  const int threads = at_least(values, "threads", 0);
  options.pipeline.threads = threads > 0 ? threads : available_cpus();
  options.pipeline.set = assignments(values, "set");
  options.pipeline.operator_path = operator_folders(values);
  options.pipeline.on_warning = [](const std::string& message) { fmt::print(stderr, "warning: {}\n", message); };
  if (!values["quiet"].as<bool>()) {
    options.log = [](const std::string& line) {
      const std::string whole = line + "\n";
      std::fwrite(whole.data(), 1, whole.size(), stderr);
    };
  }
  return options;
}

/// SIGTERM, SIGINT and SIGHUP, read one after the other; blocked before any thread is started.
class Signals {
 public:
  Signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    descriptor_ = signalfd(-1, &set, SFD_CLOEXEC);
  }
  ~Signals() { ::close(descriptor_); }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  int wait() const {
    signalfd_siginfo info{};
    while (::read(descriptor_, &info, sizeof info) != sizeof info) {
    }
    return static_cast<int>(info.ssi_signo);
  }

 private:
  int descriptor_ = -1;
};

void reload(server::Server& server) {
  try {
    server.reload();
    fmt::print(stderr, "reloaded\n");
  } catch (const Error& e) {
    fmt::print(stderr, "not reloaded, what was served goes on:\n{}\n", e.what());
  }
}

}  // namespace

int serve(const Arguments& arguments) {
  po::positional_options_description positional;
  positional.add("pipeline", -1);
  const Parsed parsed = parse(arguments, "serve [NAME=]PIPELINE.yaml… [--index DIR.index]… [--listen 127.0.0.1:8080]",
                              serve_options(), positional);
  if (parsed.done) return kAllGood;
  const server::ServerOptions options = options_of(parsed.values);
  const Signals signals;
  server::Server server(options);
  server.wait_until_ready();
  fmt::print(stderr, "pipit serves at {}{}\n", options.listen.starts_with("unix:") ? "" : "http://", server.address());
  for (int signal = signals.wait();; signal = signals.wait()) {
    if (signal != SIGHUP) break;
    reload(server);
  }
  fmt::print(stderr, "ending: requests under way are answered\n");
  if (server.stop(options.timeout)) return kAllGood;
  fmt::print(stderr, "some requests were not answered in --timeout {}\n", parsed.values["timeout"].as<double>());
  // An operator that never returns would keep the process.
  std::fflush(stderr);
  _exit(kSomeFailed);
}

}  // namespace pipit::cli
