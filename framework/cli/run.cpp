// pipit run

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "command.h"
#include "cpu_budget.h"
#include "interrupt.h"
#include "json_text.h"
#include "line_reader.h"
#include "near.h"
#include "output_file.h"
#include "pipit/pipeline.h"
#include "progress.h"
#include "result_writer.h"
#include "stats_report.h"

namespace pipit::cli {
namespace {

namespace po = boost::program_options;
using Clock = std::chrono::steady_clock;

constexpr int kMaxDepth = 64;  // of an input line's lists and objects

/// One item as it was asked for: its inputs, or why it has none, and what its line begins with.
struct Request {
  Inputs inputs;
  std::optional<ItemError> error;
  ItemFields fields;
};

/// Turns command-line pairs and input lines into requests.
class RequestReader {
 public:
  explicit RequestReader(const Pipeline& pipeline) {
    for (const ColumnInfo& column : pipeline.inputs()) {
      types_.push_back(Type::parse(column.type));
      names_.push_back(column.name);
    }
    for (const ColumnInfo& column : pipeline.outputs()) taken_.push_back(column.name);
    for (const char* name : {"item", "error", "row"}) taken_.emplace_back(name);
  }

  Request from_pairs(const std::vector<std::pair<std::string, std::string>>& pairs) const {
    Request request;
    for (const auto& [name, text] : pairs) {
      const bool twice =
          std::ranges::any_of(request.inputs, [&wanted = name](const auto& input) { return input.first == wanted; });
      if (twice)
        throw UsageError(fmt::format("--input {}: given twice; several items come from --inputs FILE.jsonl", name));
      nlohmann::json json = text;
      if (const Type* type = type_of_input(name); type != nullptr && type->kind && *type->kind != Kind::kString) {
        json = nlohmann::json::parse(text, nullptr, false);
        if (json.is_discarded()) json = text;
      }
      add(request, name, json);
    }
    return request;
  }

  Request from_line(const LineReader::Line& line) const {
    Request request;
    const auto refuse = [&](const std::string& message) {
      request.error = ItemError{"", "invalid_input", fmt::format("line {}: {}", line.number, message)};
    };
    if (line.too_long) {
      refuse(fmt::format("longer than {} MiB", LineReader::kMaxLineBytes >> 20));
      return request;
    }
    nlohmann::ordered_json json;
    bool too_deep = false;
    try {
      json = nlohmann::ordered_json::parse(line.text, [&](int depth, auto, auto&) {
        too_deep = too_deep || depth > kMaxDepth;
        return !too_deep;
      });
    } catch (const nlohmann::json::parse_error& e) {
      refuse(fmt::format("is not JSON at byte {}", e.byte));
      return request;
    }
    if (too_deep) {
      refuse(fmt::format("nested deeper than {} levels", kMaxDepth));
      return request;
    }
    if (!json.is_object()) {
      refuse(fmt::format("expected a JSON object with {}, found {} {}", quoted_list(names_),
                         json.is_array() ? "an" : "a", json.type_name()));
      return request;
    }
    for (const auto& [name, value] : json.items()) {
      if (type_of_input(name) != nullptr) {
        add(request, name, value);
      } else if (std::ranges::find(taken_, name) == taken_.end()) {
        append_field(request.fields.carried, name,
                     value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
      }
    }
    return request;
  }

 private:
  const Type* type_of_input(std::string_view name) const {
    const auto found = std::ranges::find(names_, name);
    return found == names_.end() ? nullptr : &types_[static_cast<std::size_t>(found - names_.begin())];
  }

  static void append_field(std::string& fields, std::string_view name, std::string_view json) {
    fields += ',';
    append_json_text(fields, name);
    fields += ':';
    fields += json;
  }

  void add(Request& request, const std::string& name, const nlohmann::json& json) const {
    const Type* type = type_of_input(name);
    request.inputs.emplace_back(name, from_json(json, type ? *type : Type{}));
    append_field(request.fields.inputs, name, json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  }

  std::vector<std::string> names_;
  std::vector<Type> types_;
  std::vector<std::string> taken_;  // names that a result line has of its own
};

/// The items of one run: pushed by a thread of its own, so that results are written meanwhile.
class Feeder {
 public:
  Feeder(Pipeline& pipeline, const RequestReader& requests, LineReader* lines, std::optional<Request> only)
      : pipeline_(pipeline), lines_(lines) {
    thread_ = std::thread([this, &requests, only = std::move(only)]() mutable {
      if (only) feed(std::move(*only));
      while (lines_ != nullptr && !stopped_) {
        const auto line = lines_->next();
        if (!line || stopped_ || !feed(requests.from_line(*line))) break;
      }
      pipeline_.close();
    });
  }
  ~Feeder() {
    stop();
    thread_.join();
  }

  /// No more items; may be called from any thread.
  void stop() {
    stopped_ = true;
    if (lines_ != nullptr) lines_->stop();
  }

  /// What was asked for by the next result's item.
  ItemFields take_fields() {
    const std::scoped_lock lock(mutex_);
    ItemFields fields = std::move(fields_.front());
    fields_.pop_front();
    return fields;
  }

 private:
  bool feed(Request request) {
    {
      const std::scoped_lock lock(mutex_);
      fields_.push_back(std::move(request.fields));
    }
    return request.error ? pipeline_.push_error(std::move(*request.error)) : pipeline_.push(std::move(request.inputs));
  }

  Pipeline& pipeline_;
  LineReader* lines_;
  std::atomic<bool> stopped_{false};
  std::mutex mutex_;
  std::deque<ItemFields> fields_;
  std::thread thread_;
};

/// What a signal does to the run, whatever state it is in.
class Stopper {
 public:
  /// The items come from here now; null: they no longer do.
  void watch(Pipeline* pipeline, Feeder* feeder) {
    const std::scoped_lock lock(mutex_);
    pipeline_ = pipeline;
    feeder_ = feeder;
    opened_ = true;
  }
  /// Takes no more items.
  void stop(int status) {
    const std::scoped_lock lock(mutex_);
    // While models are being read there is nothing to save.
    if (!opened_) _exit(status);
    if (feeder_ == nullptr) return;
    feeder_->stop();
    pipeline_->close();
  }
  /// Gives up the items that are under way.
  void give_up() {
    const std::scoped_lock lock(mutex_);
    if (pipeline_ != nullptr) pipeline_->cancel();
  }

 private:
  std::mutex mutex_;
  bool opened_ = false;
  Pipeline* pipeline_ = nullptr;
  Feeder* feeder_ = nullptr;
};

po::options_description run_options() {
  po::options_description options("options");
  const auto text = [] { return po::value<std::string>(); };
  add_pipeline_options(options);
  options.add_options()("pipeline", text()->required()->value_name("PIPELINE.yaml"), "the pipeline file");
  options.add_options()("input", po::value<std::vector<std::string>>()->composing()->value_name("NAME=VALUE"),
                        "an input of the one item to run; may be repeated for other inputs");
  options.add_options()("inputs", text()->value_name("FILE.jsonl|-"),
                        "items, a JSON object a line; - is standard input");
  options.add_options()("output", text()->default_value("-")->value_name("FILE.jsonl|FILE.npy|-"), "where results go");
  options.add_options()("on-error", text()->default_value("skip")->value_name("skip|stop"),
                        "what a failed item does to the run");
  options.add_options()("progress", text()->default_value("auto")->value_name("auto|on|off"),
                        "a progress line on standard error");
  options.add_options()("stats", text()->value_name("FILE.json"), "write what each node did");
  options.add_options()("threads", po::value<int>()->default_value(0)->value_name("N"),
                        "threads for LibTorch, FFmpeg and the like together; 0: the CPUs that this process may use");
  options.add_options()("verbose,v", po::bool_switch(),
                        "tell on standard error what was loaded and what each node did");
  return options;
}

std::string choice(const po::variables_map& values, const char* option, const std::vector<std::string>& choices) {
  const std::string& given = values[option].as<std::string>();
  if (std::ranges::find(choices, given) != choices.end()) return given;
  throw UsageError(fmt::format("--{} takes one of {}, found '{}'", option, quoted_list(choices), given));
}

}  // namespace

int run(const Arguments& arguments) {
  po::positional_options_description positional;
  positional.add("pipeline", 1);
  const Parsed parsed = parse(arguments, "run PIPELINE.yaml [--input NAME=VALUE]… [--inputs FILE.jsonl|-] [options]",
                              run_options(), positional);
  if (parsed.done) return kAllGood;
  const po::variables_map& values = parsed.values;
  const bool stop_on_error = choice(values, "on-error", {"skip", "stop"}) == "stop";
  const std::string progress_mode = choice(values, "progress", {"auto", "on", "off"});
  const bool show_progress = progress_mode == "on" || (progress_mode == "auto" && isatty(STDERR_FILENO) == 1);
  if (values.contains("input") == values.contains("inputs")) {
    throw UsageError(values.contains("input") ? "--input and --inputs exclude each other"
                                              : "nothing to run: give --input NAME=VALUE, or --inputs FILE.jsonl");
  }

  Stopper stopper;
  Interrupt interrupt;
  interrupt.listen([&] { stopper.stop(128 + interrupt.signal()); }, [&] { stopper.give_up(); });

  std::unique_ptr<LineReader> lines;
  std::optional<std::int64_t> total = 1;
  if (values.contains("inputs")) {
    const std::string file = values["inputs"].as<std::string>();
    lines = std::make_unique<LineReader>(file);
    total = show_progress ? LineReader::count(file) : std::nullopt;
  }
  const auto writer = ResultWriter::open(values["output"].as<std::string>());
  std::optional<OutputFile> stats_file;
  if (values.contains("stats")) stats_file.emplace(values["stats"].as<std::string>());

  RunStats stats;
  const auto opening = Clock::now();
  Options options;
  options.set = assignments(values, "set");
  options.operator_path = operator_folders(values);
  options.threads = values["threads"].as<int>();
  if (options.threads < 0)
    throw UsageError(fmt::format("--threads takes a number of at least 0, found {}", options.threads));
  if (options.threads == 0) options.threads = available_cpus();
  options.on_warning = [](const std::string& message) { fmt::print(stderr, "warning: {}\n", message); };
  Pipeline pipeline = Pipeline::open(values["pipeline"].as<std::string>(), options);
  const RequestReader requests(pipeline);
  std::optional<Request> only;
  if (values.contains("input")) only = requests.from_pairs(assignments(values, "input"));
  writer->begin(pipeline.outputs());
  stats.open_s = std::chrono::duration<double>(Clock::now() - opening).count();

  const auto started = Clock::now();
  Progress progress(show_progress, total);
  bool broke_off = false;
  {
    Feeder feeder(pipeline, requests, lines.get(), std::move(only));
    stopper.watch(&pipeline, &feeder);
    try {
      while (auto result = pipeline.next()) {
        writer->write(*result, feeder.take_fields());
        ++stats.items;
        if (result->error) {
          ++stats.failed;
          ++stats.errors[result->error->code];
        }
        progress.done(result->error.has_value());
        if (result->error && stop_on_error) {
          pipeline.cancel();
          interrupt.expire(kSomeFailed);
          break;
        }
      }
    } catch (const std::exception& e) {
      progress.clear();
      fmt::print(stderr, "{}\n", e.what());
      broke_off = true;
      pipeline.cancel();
      interrupt.expire(kBrokeOff);
    }
    stopper.watch(nullptr, nullptr);
  }
  if (broke_off) return kBrokeOff;
  writer->finish();
  progress.clear();

  stats.run_s = std::chrono::duration<double>(Clock::now() - started).count();
  stats.peak_rss_bytes = peak_rss_bytes();
  stats.nodes = pipeline.stats();
  if (stats_file) {
    stats_file->begin();
    stats_file->append(stats_json(stats));
    stats_file->finish();
  }
  if (values["verbose"].as<bool>()) fmt::print(stderr, "{}", stats_table(stats));
  if (interrupt.signal() != 0) {
    fmt::print(stderr, "interrupted: {} results were written\n", stats.items);
    return 128 + interrupt.signal();
  }
  return stats.failed > 0 ? kSomeFailed : kAllGood;
}

}  // namespace pipit::cli
