// pipit search

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/atomic_file.h"
#include "base/near.h"
#include "base/process_limits.h"
#include "cli/command.h"
#include "cli/output/output_file.h"
#include "cli/output/output_guard.h"
#include "cli/output/standard_output.h"
#include "cli/output/terminal_text.h"
#include "cli/search/answer_text.h"
#include "cli/search/interactive.h"
#include "cli/search/page/answer_page.h"
#include "cli/search/query_list.h"
#include "cli/search/query_vectors.h"
#include "index/accelerator/accelerator.h"
#include "pipit/error.h"
#include "search/answer_pictures.h"
#include "search/search_session.h"

namespace pipit::cli {
namespace {

namespace po = boost::program_options;
using Texts = std::vector<std::string>;

/// Queries that are embedded and searched for together.
constexpr std::size_t kTogether = 128;

po::options_description search_options() {
  po::options_description options("options");
  const auto text = [] { return po::value<std::string>(); };
  const auto texts = [] { return po::value<Texts>()->composing(); };
  options.add_options()("index", text()->required()->value_name("DIR.index"), "the index, made by pipit run --output");
  options.add_options()("text", texts()->value_name("SENTENCE"), "find what a sentence describes; may be repeated");
  options.add_options()("image", texts()->value_name("FILE"), "find what looks like an image; may be repeated");
  options.add_options()("video", texts()->value_name("FILE"), "find what looks like a clip; may be repeated");
  options.add_options()("start", po::value<double>()->value_name("S"), "with --video: from this second on");
  options.add_options()("end", po::value<double>()->value_name("S"), "with --video: up to this second");
  options.add_options()("vectors", text()->value_name("FILE"),
                        "find what is near to vectors: results of pipit run, .jsonl or .npy");
  options.add_options()("queries", text()->value_name("FILE"),
                        "many queries: JSON lines, {\"text\": …}, {\"image\": …} or {\"video\": …, \"start\": …, "
                        "\"end\": …}, or a sentence a line; - is standard input");
  options.add_options()("interactive", po::bool_switch(), "read queries from the terminal, models stay loaded");
  options.add_options()("top,k", po::value<std::int64_t>()->default_value(10)->value_name("K"),
                        "answers to a query at most");
  options.add_options()("min-score", po::value<double>()->value_name("S"), "leave out answers with a lower score");
  options.add_options()("per", text()->value_name("moment|clip|row"),
                        "what an answer is; moments where rows have times, else rows");
  options.add_options()("where", texts()->value_name("FIELD=VALUE"),
                        "search only rows that have this; may be repeated, all must hold");
  options.add_options()("exact", po::bool_switch(), "look at all rows, also where the index has an accelerator");
  options.add_options()("json", po::bool_switch(), "print a JSON line an answer");
  options.add_options()("output", text()->value_name("FILE.jsonl"), "write these lines into a file");
  options.add_options()("html", text()->value_name("PAGE.html"), "write a page with a picture of each answer");
  options.add_options()("overwrite", po::bool_switch(), "replace the files of --output and --html");
  options.add_options()("threads", po::value<int>()->default_value(0)->value_name("N"),
                        "threads; 0: the CPUs that this process may use");
  add_pipeline_options(options);
  return options;
}

struct Choices {
  std::string index;
  std::vector<Query> queries;
  std::string vectors;
  std::string list;
  bool interactive = false;
  SearchSettings settings;
  std::optional<AnswerUnit> unit;
  bool json = false;
  std::string output;
  std::string html;
  bool overwrite = false;
  Options options;
};

std::string text_of(const po::variables_map& values, const char* option) {
  return values.contains(option) ? values[option].as<std::string>() : "";
}

void take_queries(Choices& c, const po::variables_map& values) {
  for (const char* kind : {"text", "image", "video"}) {
    if (!values.contains(kind)) continue;
    for (const std::string& text : values[kind].as<Texts>()) c.queries.push_back({.kind = kind, .text = text});
  }
  for (const char* edge : {"start", "end"}) {
    if (!values.contains(edge)) continue;
    const double seconds = values[edge].as<double>();
    if (!(seconds >= 0) || !std::isfinite(seconds)) {
      throw UsageError(fmt::format("--{} takes a number of at least 0, in seconds, found {}", edge, seconds));
    }
    if (c.queries.size() != 1 || c.queries.front().kind != "video") {
      throw UsageError(fmt::format("--{} goes with one --video", edge));
    }
    (*edge == 's' ? c.queries.front().start : c.queries.front().end) = seconds;
  }
  c.vectors = text_of(values, "vectors");
  c.list = text_of(values, "queries");
  c.interactive = values["interactive"].as<bool>();
  const int ways =
      (c.queries.empty() ? 0 : 1) + (c.vectors.empty() ? 0 : 1) + (c.list.empty() ? 0 : 1) + (c.interactive ? 1 : 0);
  if (ways == 0) {
    throw UsageError("nothing to search for: give --text, --image, --video, --vectors, --queries or --interactive");
  }
  if (ways > 1) {
    throw UsageError("--vectors, --queries, --interactive and --text, --image, --video exclude each other");
  }
}

void take_unit(Choices& c, const std::string& per) {
  if (per.empty()) return;
  constexpr std::pair<const char*, AnswerUnit> kUnits[] = {
      {"moment", AnswerUnit::kMoment}, {"clip", AnswerUnit::kItem}, {"row", AnswerUnit::kRow}};
  for (const auto& [name, unit] : kUnits) {
    if (per == name) c.unit = unit;
  }
  if (!c.unit) {
    throw UsageError(fmt::format("--per takes one of 'moment', 'clip' and 'row', found '{}'{}", per,
                                 did_you_mean(per, {"moment", "clip", "row"})));
  }
}

void take_outputs(Choices& c, const po::variables_map& values) {
  c.json = values["json"].as<bool>();
  c.output = text_of(values, "output");
  c.html = text_of(values, "html");
  c.overwrite = values["overwrite"].as<bool>();
  if (!c.html.empty() && c.queries.size() != 1) throw UsageError("--html shows the answers to one query");
  OutputGuard files;
  for (const Query& query : c.queries) {
    if (query.kind != "text") files.reads(query.text, fmt::format("the query '{}'", query.text));
  }
  for (const std::string& file : {c.vectors, c.list}) {
    if (!file.empty() && file != "-") files.reads(file, fmt::format("the queries '{}'", file));
  }
  files.reads_all(c.index, fmt::format("the index '{}'", c.index));
  if (!c.output.empty()) files.writes_new("--output", c.output, c.overwrite);
  if (!c.html.empty()) files.writes_new("--html", c.html, c.overwrite);
}

Choices choices_of(const po::variables_map& values) {
  Choices c;
  c.index = values["index"].as<std::string>();
  take_queries(c, values);
  take_unit(c, text_of(values, "per"));
  c.settings.k = values["top"].as<std::int64_t>();
  if (c.settings.k < 1) throw UsageError(fmt::format("-k takes a number of at least 1, found {}", c.settings.k));
  if (values.contains("min-score")) c.settings.least = static_cast<float>(values["min-score"].as<double>());
  if (std::isnan(c.settings.least)) throw UsageError("--min-score takes a number, found nan");
  c.settings.exact = values["exact"].as<bool>();
  c.settings.where = assignments(values, "where");
  const int threads = values["threads"].as<int>();
  if (threads < 0) throw UsageError(fmt::format("--threads takes a number of at least 0, found {}", threads));
  c.settings.threads = threads > 0 ? threads : available_cpus();
  c.options.threads = c.settings.threads;
  c.options.set = assignments(values, "set");
  c.options.operator_path = operator_folders(values);
  c.options.on_warning = [](const std::string& message) { fmt::print(stderr, "warning: {}\n", message); };
  take_outputs(c, values);
  return c;
}

/// Where answers go as they are found, and what became of the queries.
class Report {
 public:
  Report(const Choices& choices, const SearchSession& session)
      : choices_(choices), session_(session), titled_(choices.queries.size() != 1), standard_("-") {
    standard_.begin();
    if (choices.output.empty()) return;
    file_ = std::make_unique<OutputFile>(choices.output);
    file_->begin();
  }

  void show(const Asked& asked) {
    ++asked_;
    std::string lines;
    if (!asked.query.fault.empty()) {
      ++failed_;
      fmt::print(stderr, "query '{}': {}\n", asked.query.text, asked.query.fault);
      lines = fault_line(asked.query);
    }
    for (std::size_t i = 0; i < asked.answers.size(); ++i) {
      lines += answer_line(asked.query, i + 1, asked.answers[i]);
    }
    if (file_) file_->append(lines);
    if (choices_.json) {
      standard_.append(lines);
    } else if (asked.query.fault.empty() && !file_) {
      standard_.append(table_of(asked));
    }
    if (asked.query.fault.empty() && asked.answers.empty()) tell_nothing(asked);
  }

  int finish() {
    standard_.finish();
    if (file_) file_->finish();
    if (failed_ > 0 && asked_ > 1) fmt::print(stderr, "{} of {} queries failed\n", failed_, asked_);
    return failed_ > 0 ? kSomeFailed : kAllGood;
  }

 private:
  std::string table_of(const Asked& asked) const {
    const std::string table = answer_table(asked.answers, terminal_width());
    return titled_ ? fmt::format("{}\n{}", shortened(asked.query.text, 1000), table) : table;
  }

  void tell_nothing(const Asked& asked) const {
    const std::string why = session_.rows() == 0 && session_.index().rows() > 0 ? "no row has what --where asks for"
                            : session_.rows() == 0                              ? "it has no rows"
                                                   : fmt::format("no row scores {} or more", choices_.settings.least);
    fmt::print(stderr, "nothing in '{}' for '{}': {}\n", choices_.index, asked.query.text, why);
  }

  const Choices& choices_;
  const SearchSession& session_;
  const bool titled_;  // answers stand under their query
  OutputFile standard_;
  std::unique_ptr<OutputFile> file_;
  std::int64_t asked_ = 0;
  std::int64_t failed_ = 0;
};

/// Whoever reads answers knows what they rest on.
void tell_accelerated(const Accelerator& accelerator) {
  const IndexManifest::Accelerator& tuned = accelerator.manifest();
  fmt::print(stderr,
             "searched by the index's accelerator, which found {:.1f} % of the right answers when it was made; --exact "
             "looks at all rows\n",
             tuned.recall * 100);
}

PageAnswer page_answer(const ToldAnswer& told, const AnswerPictures& pictures) {
  PageAnswer answer;
  answer.score = told.answer.score;
  if (told.answer.times) answer.time = PageAnswer::Time{told.answer.times->start_ms, told.answer.times->end_ms};
  if (!told.file) {
    answer.name = fmt::format("item {}", told.fields.item());
    answer.fault = "The row names no file.";
    return answer;
  }
  answer.name = told.file->name;
  answer.file = told.file->file;
  if (!told.file->is_there) {
    answer.fault = fmt::format("'{}' is not there any more.", told.file->name);
    return answer;
  }
  const Shot shot = pictures.of(told.file->file, told.answer.times);
  answer.picture = shot.picture;
  answer.video = shot.video;
  answer.fault = shot.fault;
  return answer;
}

void write_page(const Choices& choices, const SearchSession& session, const Asked& asked) {
  const AnswerPictures pictures(choices.options.operator_path);
  Page page;
  page.query = asked.query.text;
  page.index = choices.index;
  page.rows = static_cast<std::size_t>(session.rows());
  if (asked.query.kind != "text") page.query_picture = pictures.of(asked.query.text, std::nullopt).picture;
  for (const ToldAnswer& told : asked.answers) page.answers.push_back(page_answer(told, pictures));

  const std::filesystem::path file = std::filesystem::absolute(choices.html);
  try {
    AtomicFile written(file.parent_path());
    written.write(answer_page(page, file.parent_path()));
    written.name(file, true);
  } catch (const WriteFault& e) {
    throw Error("output_failed", fmt::format("'{}' {}", choices.html, e.what()));
  }
}

void ask_all(std::vector<Query> queries, SearchSession& session, const std::function<void(const Asked&)>& show) {
  for (std::size_t at = 0; at < queries.size(); at += kTogether) {
    const auto begin = queries.begin() + static_cast<std::ptrdiff_t>(at);
    const auto end = queries.begin() + static_cast<std::ptrdiff_t>(std::min(at + kTogether, queries.size()));
    for (const Asked& asked : session.ask({std::make_move_iterator(begin), std::make_move_iterator(end)})) show(asked);
  }
}

}  // namespace

int search(const Arguments& arguments) {
  po::positional_options_description positional;
  positional.add("index", 1);
  const Parsed parsed = parse(arguments, "search DIR.index (--text SENTENCE | --image FILE | --video FILE | …) [-k 10]",
                              search_options(), positional);
  if (parsed.done) return kAllGood;
  const Choices choices = choices_of(parsed.values);
  keep_standard_output();
  SearchSession session(choices.index, choices.settings, choices.unit, choices.options);
  if (session.accelerator() != nullptr) tell_accelerated(*session.accelerator());
  Report report(choices, session);
  const auto show = [&](const Asked& asked) {
    report.show(asked);
    if (!choices.html.empty() && asked.query.fault.empty()) write_page(choices, session, asked);
  };
  if (choices.interactive) {
    ask_interactively(session, show);
  } else if (!choices.list.empty()) {
    QueryList list(choices.list);
    for (auto some = list.next(kTogether); !some.empty(); some = list.next(kTogether)) {
      ask_all(std::move(some), session, show);
    }
  } else {
    ask_all(choices.vectors.empty() ? choices.queries : queries_of_vectors(choices.vectors, session.index()), session,
            show);
  }
  return report.finish();
}

}  // namespace pipit::cli
