// pipit run

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>

#include "command.h"
#include "cpu_budget.h"
#include "crash_report.h"
#include "feeder.h"
#include "interrupt.h"
#include "line_reader.h"
#include "near.h"
#include "output_file.h"
#include "progress.h"
#include "request.h"
#include "result_writer.h"
#include "run_record.h"
#include "stats_report.h"
#include "trace_file.h"

namespace pipit::cli {
namespace {

namespace po = boost::program_options;
using Clock = std::chrono::steady_clock;

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
  options.add_options()("resume", po::bool_switch(), "go on after the last result that is in the output");
  options.add_options()("retry-failed", po::bool_switch(),
                        "with --resume: run the items that failed once more, and put their results in place");
  options.add_options()("progress", text()->default_value("auto")->value_name("auto|on|off"),
                        "a progress line on standard error");
  options.add_options()("trace", text()->value_name("FILE.json"),
                        "write what each thread did when, for ui.perfetto.dev or chrome://tracing");
  options.add_options()("stats", text()->value_name("FILE.json"), "write what each node did");
  options.add_options()("threads", po::value<int>()->default_value(0)->value_name("N"),
                        "threads for LibTorch, FFmpeg and the like together; 0: the CPUs that this process may use");
  options.add_options()("no-cache", po::bool_switch(), "neither use nor keep converted weights");
  options.add_options()("verbose,v", po::bool_switch(),
                        "tell on standard error what was loaded and what each node did");
  return options;
}

std::string choice(const po::variables_map& values, const char* option, const std::vector<std::string>& choices) {
  const std::string& given = values[option].as<std::string>();
  if (std::ranges::find(choices, given) != choices.end()) return given;
  throw UsageError(fmt::format("--{} takes one of {}, found '{}'", option, quoted_list(choices), given));
}

/// What the command line asks for.
struct Choices {
  std::string pipeline;
  std::string inputs;  // a file, "-", or empty: one item from pairs
  std::vector<std::pair<std::string, std::string>> pairs;
  std::string output;
  bool stop_on_error = false;
  bool resume = false;
  bool retry_failed = false;
  bool show_progress = false;
  bool show_stats = false;
  bool verbose = false;
  std::string stats_file;
  std::string trace_file;
  Options options;
};

Choices choices_of(const po::variables_map& values) {
  Choices c;
  const auto text = [&](const char* option) {
    return values.contains(option) ? values[option].as<std::string>() : std::string();
  };
  const bool terminal = isatty(STDERR_FILENO) == 1;
  c.pipeline = text("pipeline");
  c.inputs = text("inputs");
  c.pairs = assignments(values, "input");
  if (c.pairs.empty() == c.inputs.empty()) {
    throw UsageError(c.inputs.empty() ? "nothing to run: give --input NAME=VALUE, or --inputs FILE.jsonl"
                                      : "--input and --inputs exclude each other");
  }
  c.output = text("output");
  c.stop_on_error = choice(values, "on-error", {"skip", "stop"}) == "stop";
  // For the operators, which convert; no thread runs yet.
  if (values["no-cache"].as<bool>()) ::setenv("PIPIT_CACHE", "off", 1);
  c.resume = values["resume"].as<bool>();
  c.retry_failed = values["retry-failed"].as<bool>();
  if (c.retry_failed && !c.resume) throw UsageError("--retry-failed goes with --resume");
  const std::string progress = choice(values, "progress", {"auto", "on", "off"});
  c.show_progress = progress == "on" || (progress == "auto" && terminal);
  c.verbose = values["verbose"].as<bool>();
  c.show_stats = c.verbose || terminal;
  c.stats_file = text("stats");
  c.trace_file = text("trace");
  c.options.set = assignments(values, "set");
  c.options.operator_path = operator_folders(values);
  c.options.threads = values["threads"].as<int>();
  if (c.options.threads < 0) {
    throw UsageError(fmt::format("--threads takes a number of at least 0, found {}", c.options.threads));
  }
  if (c.options.threads == 0) c.options.threads = available_cpus();
  c.options.on_warning = [](const std::string& message) { fmt::print(stderr, "warning: {}\n", message); };
  return c;
}

/// The items as the command line gave them, when they are no file.
std::string inputs_text(const Choices& choices) {
  std::string text = choices.inputs;
  for (const auto& [name, value] : choices.pairs) text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, value);
  return text;
}

/// The exit status, once the operators have returned. One that does not cannot be stopped by force: it is told, and the
/// process ends without it.
int leave(const Pipeline& pipeline, int status) {
  constexpr auto kGrace = std::chrono::seconds(1);
  for (const auto end = Clock::now() + kGrace;; std::this_thread::sleep_for(std::chrono::milliseconds(5))) {
    const std::vector<NodeStats> nodes = pipeline.stats();
    if (std::ranges::all_of(nodes, [](const NodeStats& node) { return node.in_call_s == 0; })) return status;
    if (Clock::now() < end) continue;
    for (const NodeStats& node : nodes) {
      if (node.in_call_s == 0) continue;
      fmt::print(stderr, "node '{}': operator '{}' has not returned for {:.1f} s; the process ends without it\n",
                 node.name, node.op, node.in_call_s);
    }
    std::fflush(nullptr);
    _exit(status);
  }
}

/// Whether an earlier run has left anything to go on from.
bool has_output(const std::string& file) {
  std::error_code error;
  return std::filesystem::is_regular_file(file, error) && std::filesystem::file_size(file, error) > 0;
}

/// Begins the output, or goes on with what an earlier run left in it.
Selection begin_output(const Choices& choices, const Pipeline& pipeline, ResultWriter& writer, bool go_on) {
  if (!writer.can_resume()) {
    if (choices.resume)
      throw UsageError("--resume needs --output FILE.jsonl or FILE.npy, a file that can be read again");
    writer.begin(pipeline.outputs());
    return {};
  }
  const bool named = !choices.inputs.empty() && choices.inputs != "-";
  const RunRecord record(pipeline, named ? std::filesystem::absolute(choices.inputs).string() : inputs_text(choices));
  if (!go_on) {
    writer.begin(pipeline.outputs());
    record.write(choices.output);
    return {};
  }
  record.check(choices.output);
  const EarlierResults earlier = writer.resume(pipeline.outputs(), choices.retry_failed);
  const std::int64_t there = named ? LineReader::count(choices.inputs).value_or(earlier.items) : earlier.items;
  if (there < earlier.items) {
    throw Error("invalid_input", fmt::format("cannot resume '{}': it has {} results, '{}' has {} items", choices.output,
                                             earlier.items, choices.inputs, there));
  }
  if (choices.retry_failed) return {earlier.items, earlier.failed, 0};
  return {earlier.items, {}, static_cast<std::int64_t>(earlier.failed.size())};
}

/// How many results are to come, if that can be known; for progress.
std::optional<std::int64_t> items_to_run(const Choices& choices, const Selection& selection) {
  if (!choices.show_progress) return std::nullopt;
  const auto items = choices.inputs.empty() ? std::optional<std::int64_t>(1) : LineReader::count(choices.inputs);
  if (!items) return std::nullopt;
  return *items - selection.done + static_cast<std::int64_t>(selection.again.size());
}

}  // namespace

int run(const Arguments& arguments) {
  po::positional_options_description positional;
  positional.add("pipeline", 1);
  const Parsed parsed = parse(arguments, "run PIPELINE.yaml [--input NAME=VALUE]… [--inputs FILE.jsonl|-] [options]",
                              run_options(), positional);
  if (parsed.done) return kAllGood;
  const Choices choices = choices_of(parsed.values);

  Stopper stopper;
  Interrupt interrupt;
  interrupt.listen([&] { stopper.stop(128 + interrupt.signal()); }, [&] { stopper.give_up(); });

  std::unique_ptr<LineReader> lines;
  if (!choices.inputs.empty()) lines = std::make_unique<LineReader>(choices.inputs);
  const bool go_on = choices.resume && has_output(choices.output);
  const auto writer = ResultWriter::open(choices.output);
  std::optional<OutputFile> stats_file;
  if (!choices.stats_file.empty()) stats_file.emplace(choices.stats_file);

  std::optional<TraceFile> trace;
  if (!choices.trace_file.empty()) trace.emplace(choices.trace_file);

  RunStats stats;
  const auto opening = Clock::now();
  Options options = choices.options;
  if (trace) options.on_span = [&](const Span& span) { trace->add(span); };
  Pipeline pipeline = Pipeline::open(choices.pipeline, options);
  const RequestReader requests(pipeline);
  std::optional<Request> only;
  if (!lines) only = requests.from_pairs(choices.pairs);
  const Selection selection = begin_output(choices, pipeline, *writer, go_on);
  stats.open_s = std::chrono::duration<double>(Clock::now() - opening).count();

  // For a report that is made while this thread is here, or in a call from here.
  number_items_by([](const void* user, std::int64_t item) { return static_cast<const Selection*>(user)->number(item); },
                  &selection);
  if (trace) trace->begin();
  const auto started = Clock::now();
  Progress progress(choices.show_progress, items_to_run(choices, selection));
  bool broke_off = false;
  {
    Feeder feeder(pipeline, requests, lines.get(), std::move(only), selection);
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
        if (result->error && choices.stop_on_error) break;
      }
      writer->finish();
      feeder.check();
    } catch (const std::exception& e) {
      progress.clear();
      fmt::print(stderr, "{}\n", e.what());
      broke_off = true;
    }
    stopper.watch(nullptr, nullptr);
    pipeline.cancel();
  }
  progress.clear();

  number_items_by(nullptr, nullptr);
  stats.run_s = std::chrono::duration<double>(Clock::now() - started).count();
  stats.peak_rss_bytes = peak_rss_bytes();
  stats.nodes = pipeline.stats();
  const int status = interrupt.signal() != 0               ? 128 + interrupt.signal()
                     : broke_off                           ? kBrokeOff
                     : stats.failed + selection.failed > 0 ? kSomeFailed
                                                           : kAllGood;
  if (broke_off) return leave(pipeline, status);
  if (trace) trace->finish();
  if (stats_file) {
    stats_file->begin();
    stats_file->append(stats_json(stats));
    stats_file->finish();
  }
  if (choices.show_stats) fmt::print(stderr, "{}", stats_table(stats, choices.verbose));
  if (interrupt.signal() != 0) {
    fmt::print(stderr, "interrupted: {} results were written\n", stats.items);
  }
  return leave(pipeline, status);
}

}  // namespace pipit::cli
