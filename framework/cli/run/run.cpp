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

#include "base/counted.h"
#include "base/file_names.h"
#include "base/near.h"
#include "base/process_limits.h"
#include "base/url.h"
#include "cli/command.h"
#include "cli/crash_report.h"
#include "cli/input/input_list.h"
#include "cli/input/shard.h"
#include "cli/output/output_file.h"
#include "cli/output/output_guard.h"
#include "cli/output/run_output.h"
#include "cli/output/standard_output.h"
#include "cli/run/failures.h"
#include "cli/run/feeder.h"
#include "cli/run/interrupt.h"
#include "cli/run/progress.h"
#include "cli/run/shard_file.h"
#include "cli/run/stats_report.h"
#include "cli/run/trace_file.h"
#include "graph/index_queries.h"

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
  options.add_options()("inputs", text()->value_name("LIST"),
                        "the items: a file of JSON lines, CSV or TSV with a header, or plain lines (one input's value "
                        "each); a folder of clips or images; a pattern in quotes, 'clips/*.mp4'; - is standard input");
  options.add_options()("output", text()->default_value("-")->value_name("FILE.jsonl|FILE.npy|DIR.index|-"),
                        "where results go");
  options.add_options()("column", text()->value_name("NAME"),
                        "the output that becomes the array of FILE.npy or the vectors of DIR.index, where several are "
                        "tensors");
  options.add_options()("on-error", text()->default_value("skip")->value_name("skip|stop"),
                        "what a failed item does to the run");
  options.add_options()("resume", po::bool_switch(), "go on after the last result that is in the output");
  options.add_options()("overwrite", po::bool_switch(),
                        "replace results that are in the output, once the first new one is there");
  options.add_options()("append", po::bool_switch(), "add to the index DIR.index that is there");
  options.add_options()("retry-failed", po::bool_switch(),
                        "with --resume: run the items that failed once more, and put their results in place");
  options.add_options()("shard", text()->value_name("I/N"),
                        "run the I-th of N parts of the list alone; pipit merge puts the parts together");
  options.add_options()("progress", text()->default_value("auto")->value_name("auto|on|off"),
                        "a progress line on standard error");
  options.add_options()("trace", text()->value_name("FILE.json"),
                        "write what each thread did when, for ui.perfetto.dev or chrome://tracing");
  options.add_options()("stats", text()->value_name("FILE.json"), "write what each node did");
  options.add_options()("threads", po::value<int>()->default_value(0)->value_name("N"),
                        "threads for LibTorch, FFmpeg and the like together; 0: the CPUs that this process may use");
  add_memory_option(options);
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
  std::string inputs;  // a list, or empty: one item from pairs
  std::vector<std::pair<std::string, std::string>> pairs;
  RunOutput::Choices output;
  std::optional<Shard> shard;  // of the list
  bool stop_on_error = false;
  bool show_progress = false;
  bool show_stats = false;
  bool verbose = false;
  std::string stats_file;
  std::string trace_file;
  std::int64_t memory = 0;  // bytes that this process may have; 0: no limit of ours
  Options options;
};

void take_items(Choices& c) {
  if (c.pairs.empty() == c.inputs.empty()) {
    throw UsageError(c.inputs.empty() ? "nothing to run: give --input NAME=VALUE, or --inputs with a file or folder"
                                      : "--input and --inputs exclude each other");
  }
  for (const auto& [name, value] : c.pairs) {
    if (names_a_file(name) && is_url(value)) {
      throw UsageError(fmt::format("--input {}: '{}': URLs are not read; copy it to a file first", name, value));
    }
  }
}

void take_output(Choices& c, const po::variables_map& values) {
  c.output.file = values["output"].as<std::string>();
  if (values.contains("column")) c.output.column = values["column"].as<std::string>();
  c.output.resume = values["resume"].as<bool>();
  c.output.retry_failed = values["retry-failed"].as<bool>();
  c.output.overwrite = values["overwrite"].as<bool>();
  c.output.append = values["append"].as<bool>();
  while (c.output.file.size() > 1 && c.output.file.ends_with('/')) c.output.file.pop_back();
  if (c.output.retry_failed && !c.output.resume) throw UsageError("--retry-failed goes with --resume");
  if (c.output.overwrite && c.output.resume) throw UsageError("--resume and --overwrite exclude each other");
  ResultWriter::check_ending(c.output.file);
  const bool index = ResultWriter::is_index(c.output.file);
  if (c.output.append && !index) throw UsageError("--append goes with --output DIR.index");
  if (c.output.append && (c.output.resume || c.output.overwrite)) {
    throw UsageError(fmt::format("--append and --{} exclude each other", c.output.resume ? "resume" : "overwrite"));
  }
  if (!c.output.column.empty() && !index && !c.output.file.ends_with(".npy")) {
    throw UsageError("--column goes with --output FILE.npy or DIR.index; JSON lines have all outputs");
  }
}

void take_shard(Choices& c, const std::string& text) {
  if (text.empty()) return;
  c.shard = Shard::parse(text);
  c.output.shard = c.shard->text();
  if (c.inputs.empty()) throw UsageError("--shard goes with --inputs");
  if (named_descriptor(c.output.file) || ResultWriter::is_index(c.output.file)) {
    throw UsageError("--shard goes with --output FILE.jsonl or FILE.npy");
  }
}

Choices choices_of(const po::variables_map& values) {
  Choices c;
  const auto text = [&](const char* option) {
    return values.contains(option) ? values[option].as<std::string>() : std::string();
  };
  const bool terminal = isatty(STDERR_FILENO) == 1;
  c.pipeline = text("pipeline");
  c.inputs = text("inputs");
  c.pairs = assignments(values, "input");
  take_items(c);
  take_output(c, values);
  take_shard(c, text("shard"));
  c.stop_on_error = choice(values, "on-error", {"skip", "stop"}) == "stop";
  // For the operators, which convert; no thread runs yet.
  if (values["no-cache"].as<bool>()) ::setenv("PIPIT_CACHE", "off", 1);
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
  c.memory = limit_memory_by(values);
  c.options.on_warning = [](const std::string& message) { fmt::print(stderr, "warning: {}\n", message); };
  return c;
}

/// Where the items come from, for the record of the run.
std::string inputs_text(const Choices& choices) {
  if (!choices.inputs.empty()) {
    return choices.inputs == "-" ? choices.inputs : std::filesystem::weakly_canonical(choices.inputs).string();
  }
  std::string text;
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

/// Nothing that is read may be written over. Found before anything is opened for writing.
void guard(OutputGuard& files, const Choices& choices, const InputSource& source) {
  try {
    Spec::Options options;
    options.unset_is_warning = true;
    for (const auto& [target, value] : choices.options.set) options.overrides.push_back({target, value});
    files.reads(choices.pipeline,
                Graph::build(Spec::read(choices.pipeline, options), OperatorPath(choices.options.operator_path)));
  } catch (const Error&) {
    // What is wrong with it is told by whoever opens it.
    files.reads(choices.pipeline, fmt::format("the pipeline '{}'", choices.pipeline));
  }
  if (source.lines) {
    files.reads(source.lines->descriptor(),
                source.name == "-" ? std::string("standard input") : fmt::format("the inputs '{}'", source.name));
  }
  for (const std::string& file : source.files) files.reads(file, fmt::format("the input '{}'", file));
  for (const auto& [name, value] : choices.pairs) files.reads(value, fmt::format("the input '{}'", name));

  const std::string& output = choices.output.file;
  files.writes("--output", output, kRunForm);
  if (!named_descriptor(output)) {
    for (const std::string& file : ResultWriter::files_beside(output)) files.writes_beside("--output", file, kRunForm);
    if (choices.shard) files.writes_beside("--output", ShardFile::name_of(output), kRunForm);
  }
  if (!choices.stats_file.empty()) files.writes("--stats", choices.stats_file, kStatisticsForm);
  if (!choices.trace_file.empty()) files.writes("--trace", choices.trace_file, kTraceForm);
}

/// An index is asked through other pipelines, which must fit before anything runs.
void check_queries(const Choices& choices) {
  if (!ResultWriter::is_index(choices.output.file)) return;
  Spec::Options options;
  for (const auto& [target, value] : choices.options.set) options.overrides.push_back({target, value});
  const OperatorPath operators(choices.options.operator_path);
  Graph::build(Spec::draft(choices.pipeline, options), operators, [&](const Graph& graph, Faults& faults) {
    for (const std::string& warning : check_index_queries(graph, operators, faults))
      choices.options.on_warning(warning);
  });
}

/// The items of a list: all, or a shard's.
std::unique_ptr<InputList> list_of(const Choices& choices, InputSource source, const RequestReader& requests) {
  if (choices.inputs.empty()) return InputList::of_pairs(choices.pairs, requests);
  auto list = InputList::open(std::move(source), requests);
  if (!choices.shard) return list;
  return std::make_unique<ShardList>(std::move(list), *choices.shard);
}

/// A shard with results of all its items says so, for pipit merge.
void seal_shard(const Choices& choices, const InputList& list, std::int64_t results) {
  if (!choices.shard) return;
  const auto items = dynamic_cast<const ShardList&>(list).items();
  if (items && results == choices.shard->share(*items)) ShardFile::write(choices.output.file, *choices.shard, *items);
}

/// How many results are to come, if that can be known; for progress.
std::optional<std::int64_t> items_to_run(const Choices& choices, const RequestReader& requests,
                                         const Selection& selection) {
  if (!choices.show_progress) return std::nullopt;
  const auto items =
      choices.inputs.empty() ? std::optional<std::int64_t>(1) : InputList::count(choices.inputs, requests);
  if (!items) return std::nullopt;
  return (choices.shard ? choices.shard->share(*items) : *items) - selection.done +
         static_cast<std::int64_t>(selection.again.size());
}

/// Whatever else is shown: that items failed, and that old results are still there.
void tell_end(const Choices& choices, const RunOutput& output, const Failures& failures, const Selection& selection,
              std::int64_t items) {
  if (failures.count() > 0) fmt::print(stderr, "{}", failures.text(items, output.lines_file()));
  if (choices.memory > 0 && failures.by_code().contains("out_of_memory")) {
    const std::int64_t short_of = failures.by_code().at("out_of_memory");
    fmt::print(stderr, "--memory {} was too little for {}; more lets {} through\n", choices.memory >> 20,
               counted(short_of, "item"), short_of == 1 ? "it" : "them");
  }
  if (selection.failed > 0) fmt::print(stderr, "{}", earlier_failures_text(selection.failed, output.lines_file()));
  if (output.old_ones_stay()) {
    fmt::print(stderr, "no result came; '{}' is left as it was\n", choices.output.file);
  }
}

}  // namespace

int run(const Arguments& arguments) {
  po::positional_options_description positional;
  positional.add("pipeline", 1);
  const Parsed parsed =
      parse(arguments, "run PIPELINE.yaml --input NAME=VALUE… | --inputs LIST [options]", run_options(), positional);
  if (parsed.done) return kAllGood;
  const Choices choices = choices_of(parsed.values);

  keep_standard_output();
  Stopper stopper;
  Interrupt interrupt;
  interrupt.listen([&] { stopper.stop(128 + interrupt.signal()); }, [&] { stopper.give_up(); });

  InputSource source;
  if (!choices.inputs.empty()) source = InputSource::open(choices.inputs);
  OutputGuard files;
  guard(files, choices, source);
  check_queries(choices);
  RunOutput output(choices.output);
  std::optional<OutputFile> stats_file;
  if (!choices.stats_file.empty()) stats_file.emplace(choices.stats_file);
  std::optional<TraceFile> trace;
  if (!choices.trace_file.empty()) trace.emplace(choices.trace_file);

  RunStats stats;
  const auto opening = Clock::now();
  Options options = choices.options;
  options.spaces = output.keeps_record() || stats_file.has_value();
  if (trace) options.on_span = [&](const Span& span) { trace->add(span); };
  Pipeline pipeline = Pipeline::open(choices.pipeline, options);
  const RequestReader requests(pipeline.inputs(), pipeline.outputs(), options.on_warning, [&](const std::string& file) {
    const std::string writer = files.writer_of(file);
    return writer.empty() ? "" : fmt::format("is what {} writes", writer);
  });
  const auto list = list_of(choices, std::move(source), requests);
  if (choices.shard) ShardFile::remove(choices.output.file);
  const Selection selection = output.begin(pipeline, *list, inputs_text(choices), choices.inputs);
  stats.open_s = std::chrono::duration<double>(Clock::now() - opening).count();

  // For a report that is made while this thread is here, or in a call from here.
  number_items_by([](const void* user, std::int64_t item) { return static_cast<const Selection*>(user)->number(item); },
                  &selection);
  if (trace) trace->begin();
  const auto started = Clock::now();
  Progress progress(choices.show_progress, items_to_run(choices, requests, selection));
  Failures failures;
  bool broke_off = false;
  {
    Feeder feeder(pipeline, *list, selection);
    stopper.watch(&pipeline, &feeder);
    try {
      while (auto result = pipeline.next()) {
        const ItemFields fields = feeder.take_fields();
        output.write(*result, fields);
        ++stats.items;
        if (result->error) failures.add(fields.item, *result->error);
        progress.done(result->error.has_value());
        if (result->error && choices.stop_on_error) break;
      }
      output.finish();
      feeder.check();
      const auto again = static_cast<std::int64_t>(selection.again.size());
      seal_shard(choices, *list, selection.done + std::max<std::int64_t>(0, stats.items - again));
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
  stats.failed = failures.count();
  stats.errors = failures.by_code();
  stats.run_s = std::chrono::duration<double>(Clock::now() - started).count();
  stats.peak_rss_bytes = peak_memory();
  stats.nodes = pipeline.stats();
  const int status = interrupt.signal() != 0               ? 128 + interrupt.signal()
                     : broke_off                           ? kBrokeOff
                     : stats.failed + selection.failed > 0 ? kSomeFailed
                                                           : kAllGood;
  if (!broke_off && trace) trace->finish();
  if (!broke_off && stats_file) {
    stats_file->begin();
    stats_file->append(stats_json(stats));
    stats_file->finish();
  }
  if (!broke_off && choices.show_stats) fmt::print(stderr, "{}", stats_table(stats, choices.verbose));
  tell_end(choices, output, failures, selection, stats.items);
  if (!broke_off && interrupt.signal() != 0) {
    fmt::print(stderr, "interrupted: {} written\n",
               stats.items == 1 ? "1 result was" : fmt::format("{} results were", stats.items));
  }
  return leave(pipeline, status);
}

}  // namespace pipit::cli
