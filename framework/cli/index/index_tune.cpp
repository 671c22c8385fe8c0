// pipit index tune

#include <fmt/format.h>

#include <algorithm>

#include "base/counted.h"
#include "base/process_limits.h"
#include "cli/index/editor.h"
#include "cli/index/index.h"
#include "cli/index/tuning_sentences.h"
#include "cli/search/query_list.h"
#include "cli/search/query_vectors.h"
#include "cli/work_progress.h"
#include "index/search/search.h"
#include "pipit/error.h"
#include "search/query_pipelines.h"

namespace pipit::cli {
namespace {

namespace po = boost::program_options;

/// Fewer are searched exactly in less time than a sentence takes to embed.
constexpr std::int64_t kFewestRows = 1000;

po::options_description tune_options() {
  po::options_description options("options");
  add_index_option(options);
  options.add_options()("queries", po::value<std::string>()->value_name("FILE"),
                        "measure with these, as pipit search takes them; 200 sentences come with pipit");
  options.add_options()("vectors", po::value<std::string>()->value_name("FILE"),
                        "measure with vectors: results of pipit run, .jsonl or .npy");
  options.add_options()("top,k", po::value<std::int64_t>()->default_value(10)->value_name("K"),
                        "measure with so many answers to a query");
  options.add_options()("recall", po::value<double>()->default_value(0.98)->value_name("SHARE"),
                        "the share of the right answers that must be found");
  options.add_options()("links", po::value<std::int64_t>()->default_value(16)->value_name("N"),
                        "links of a row, 4 to 64: more find more, and cost more time and room");
  options.add_options()("threads", po::value<int>()->default_value(0)->value_name("N"),
                        "threads; 0: the CPUs that this process may use");
  add_pipeline_options(options);
  return options;
}

std::int64_t between(const po::variables_map& values, const char* option, std::int64_t least, std::int64_t most) {
  const std::int64_t number = values[option].as<std::int64_t>();
  if (number >= least && number <= most) return number;
  throw UsageError(fmt::format("--{} takes a number from {} to {}, found {}", option, least, most, number));
}

TuneSettings settings_of(const po::variables_map& values) {
  TuneSettings settings;
  settings.k = between(values, "top", 1, 1000);
  settings.recall = values["recall"].as<double>();
  if (!(settings.recall > 0 && settings.recall <= 1)) {
    throw UsageError(fmt::format("--recall takes a number above 0, at most 1, found {}", settings.recall));
  }
  settings.graph.links = between(values, "links", 4, 64);
  const int threads = values["threads"].as<int>();
  if (threads < 0) throw UsageError(fmt::format("--threads takes a number of at least 0, found {}", threads));
  settings.graph.threads = threads > 0 ? threads : available_cpus();
  return settings;
}

std::vector<Query> queries_of(const po::variables_map& values, const Index& index) {
  if (values.contains("queries") && values.contains("vectors")) {
    throw UsageError("--queries and --vectors exclude each other");
  }
  if (values.contains("vectors")) return queries_of_vectors(values["vectors"].as<std::string>(), index);
  if (values.contains("queries")) return QueryList(values["queries"].as<std::string>()).next(100000);
  if (!index.settings().queries.contains("text")) {
    throw Error("invalid_argument",
                fmt::format("index '{}' cannot be asked with sentences: its pipeline names no file for them in "
                            "'index'; give the queries to measure with as --vectors or --queries",
                            index.path().string()));
  }
  std::vector<Query> queries;
  for (std::string& sentence : tuning_sentences()) queries.push_back({.kind = "text", .text = std::move(sentence)});
  return queries;
}

/// The vectors of all queries, one behind the other.
std::vector<float> vectors_of(std::vector<Query> queries, const Index& index, const po::variables_map& values) {
  Options options;
  options.set = assignments(values, "set");
  options.operator_path = operator_folders(values);
  options.on_warning = [](const std::string& message) { fmt::print(stderr, "warning: {}\n", message); };
  QueryPipelines(index, options).embed(queries);
  const Search search(index, {.unit = AnswerUnit::kRow, .exact = true});
  std::vector<float> vectors;
  for (const Query& query : queries) {
    if (!query.fault.empty()) throw Error("invalid_input", fmt::format("query '{}': {}", query.text, query.fault));
    search.check(query.vector);
    vectors.insert(vectors.end(), query.vector.begin(), query.vector.end());
  }
  if (vectors.empty()) throw Error("invalid_input", "there are no queries to measure with");
  return vectors;
}

void print(const std::string& path, const Tuning& tuning, std::int64_t k) {
  fmt::print("{}: an accelerator of {}, {} bytes, made in {:.1f} s\n", path, counted(tuning.rows, "row"), tuning.bytes,
             tuning.build_seconds);
  fmt::print("queries: {}, answers to each: {}\n", tuning.queries, k);
  fmt::print("  rows looked at   found       time of one query\n");
  for (const Tuning::Try& one : tuning.tries) {
    fmt::print("  {:>14}  {:>6.2f} %  {:>9.3f} ms\n", one.effort, one.recall * 100, one.milliseconds);
  }
  fmt::print("  {:>14}  {:>6.2f} %  {:>9.3f} ms\n", "all", 100.0, tuning.exact_milliseconds);
}

}  // namespace

int index_tune(const Arguments& arguments) {
  const Parsed parsed =
      parse_index(arguments, "index tune DIR.index [--queries FILE | --vectors FILE] [--recall 0.98]", tune_options());
  if (parsed.done) return kAllGood;
  TuneSettings settings = settings_of(parsed.values);
  const std::string path = parsed.values["index"].as<std::string>();
  Editor editor(path);
  const Index index = Index::open(path);
  if (index.rows() < kFewestRows) {
    fmt::print("{}: {} are searched in no time without an accelerator; none was made\n", path,
               counted(index.rows(), "row"));
    return kAllGood;
  }
  const std::vector<float> queries = vectors_of(queries_of(parsed.values, index), index, parsed.values);
  Tuning tuning;
  {
    WorkProgress progress;
    settings.graph.progress = [&](std::int64_t rows) {
      progress.show(fmt::format("{} of {} rows", rows, index.rows()));
      return true;
    };
    tuning = editor.writer().accelerate(queries, settings);
  }
  print(path, tuning, settings.k);
  return kAllGood;
}

}  // namespace pipit::cli
