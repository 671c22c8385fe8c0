// pipit eval

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>

#include "cli/command.h"
#include "cli/eval/vector_file.h"
#include "cli/output/terminal_text.h"
#include "pipit/error.h"

namespace pipit::cli {
namespace {

namespace po = boost::program_options;

// Which field of a line names it best.
const std::vector<std::string> kTextLabels{"text", "id", "path"};
const std::vector<std::string> kVideoLabels{"path", "id", "text"};

using Matrix = std::vector<std::vector<double>>;
using Json = nlohmann::ordered_json;

void print_json(const Json& json) {
  fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

Matrix similarity(const Vectors& queries, const Vectors& answers) {
  if (!queries.space.empty() && !answers.space.empty() && queries.space != answers.space) {
    throw Error("invalid_input",
                fmt::format("vectors of different spaces cannot be compared: '{}' has '{}', '{}' has '{}'; make both "
                            "with the same weights",
                            queries.file, queries.space, answers.file, answers.space));
  }
  if (queries.rows.front().values.size() != answers.rows.front().values.size()) {
    throw Error("invalid_input",
                fmt::format("vectors of {} and of {} numbers cannot be compared; were they made by one model?",
                            queries.rows.front().values.size(), answers.rows.front().values.size()));
  }
  Matrix matrix;
  for (const auto& query : queries.rows) {
    std::vector<double>& row = matrix.emplace_back();
    for (const auto& answer : answers.rows) row.push_back(cosine(query.values, answer.values));
  }
  return matrix;
}

constexpr std::size_t kCaption = 44;    // characters of a query
constexpr std::size_t kCell = 8;        // of a number in a table
constexpr std::size_t kListedBest = 5;  // answers a query where a table has no room

/// Every query against every answer; the best one of each row is marked.
void print_table(const Vectors& queries, const Vectors& answers, const Matrix& matrix, std::size_t caption) {
  const std::size_t width = terminal_width();
  for (std::size_t c = 0; c < answers.rows.size(); ++c) {
    const std::string mark = fmt::format("[{}] ", c + 1);
    const std::string& label = answers.rows[c].label;
    fmt::print("{}{}\n", mark, width > 0 ? shortened(label, width - std::min(width, mark.size())) : label);
  }
  fmt::print("\n{}", padded("", caption));
  for (std::size_t c = 0; c < answers.rows.size(); ++c) fmt::print(" {:>6} ", fmt::format("[{}]", c + 1));
  fmt::print("  best\n");
  for (std::size_t r = 0; r < matrix.size(); ++r) {
    const auto best = static_cast<std::size_t>(std::ranges::max_element(matrix[r]) - matrix[r].begin());
    fmt::print("{}", padded(queries.rows[r].label, caption));
    for (std::size_t c = 0; c < matrix[r].size(); ++c) fmt::print(" {:>6.3f}{}", matrix[r][c], c == best ? '*' : ' ');
    fmt::print("  [{}]\n", best + 1);
  }
}

/// The columns of a row's largest numbers, the largest first; of equal ones the first.
std::vector<std::size_t> best_of(const std::vector<double>& row, std::size_t most) {
  std::vector<std::size_t> order(row.size());
  std::iota(order.begin(), order.end(), 0);
  const std::size_t n = std::min(most, row.size());
  std::ranges::partial_sort(order, order.begin() + static_cast<std::ptrdiff_t>(n), [&](std::size_t a, std::size_t b) {
    return row[a] > row[b] || (row[a] == row[b] && a < b);
  });
  order.resize(n);
  return order;
}

void print_best(const Vectors& queries, const Vectors& answers, const Matrix& matrix, std::size_t most) {
  const std::size_t width = terminal_width();
  const auto fitted = [&](const std::string& label, std::size_t before) {
    return width > before ? shortened(label, width - before) : label;
  };
  for (std::size_t r = 0; r < matrix.size(); ++r) {
    fmt::print("{}\n", fitted(queries.rows[r].label, 0));
    for (const std::size_t c : best_of(matrix[r], most)) {
      fmt::print(" {:>6.3f}  {}\n", matrix[r][c], fitted(answers.rows[c].label, 9));
    }
  }
}

void print_best_json(const Vectors& queries, const Vectors& answers, const Matrix& matrix, std::size_t most) {
  Json all = Json::array();
  for (std::size_t r = 0; r < matrix.size(); ++r) {
    Json best = Json::array();
    for (const std::size_t c : best_of(matrix[r], most)) {
      best.push_back({{"answer", answers.rows[c].label}, {"row", c}, {"similarity", matrix[r][c]}});
    }
    all.push_back({{"query", queries.rows[r].label}, {"best", best}});
  }
  print_json(all);
}

/// Ranks of the right answers: row i belongs to column i. Ties count half, so that equal vectors cannot look like a
/// hit.
std::vector<double> ranks(const Matrix& matrix) {
  std::vector<double> all;
  for (std::size_t r = 0; r < matrix.size(); ++r) {
    const double right = matrix[r][r];
    double rank = 1;
    for (std::size_t c = 0; c < matrix[r].size(); ++c) {
      if (c != r && matrix[r][c] > right) rank += 1;
      if (c != r && matrix[r][c] == right) rank += 0.5;
    }
    all.push_back(rank);
  }
  return all;
}

struct Recall {
  std::size_t n = 0;
  double at_1 = 0;  // per cent
  double at_5 = 0;
  double at_10 = 0;
  double median = 0;  // of the ranks
  double mean = 0;
};

Recall recall(std::vector<double> all) {
  const auto share = [&](double k) {
    return 100.0 * static_cast<double>(std::ranges::count_if(all, [k](double rank) { return rank <= k; })) /
           static_cast<double>(all.size());
  };
  std::ranges::sort(all);
  const std::size_t half = all.size() / 2;
  const double median = all.size() % 2 == 1 ? all[half] : (all[half - 1] + all[half]) / 2;
  const double mean = std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(all.size());
  return {all.size(), share(1), share(5), share(10), median, mean};
}

void print_recall(const char* title, const Recall& r) {
  fmt::print("{:<15} {:>5} {:>6.1f} {:>6.1f} {:>6.1f} {:>7.1f} {:>7.1f}\n", title, r.n, r.at_1, r.at_5, r.at_10,
             r.median, r.mean);
}

Json json_of(const Recall& r) {
  return {{"n", r.n}, {"R@1", r.at_1}, {"R@5", r.at_5}, {"R@10", r.at_10}, {"median", r.median}, {"mean", r.mean}};
}

void print_retrieval(const Vectors& texts, const Vectors& videos, bool json) {
  if (texts.rows.size() != videos.rows.size() || texts.failed + videos.failed > 0) {
    throw Error("invalid_input",
                fmt::format("line i of both files must belong together: {} texts ({} failed), {} videos ({} failed)",
                            texts.rows.size(), texts.failed, videos.rows.size(), videos.failed));
  }
  const Matrix forward = similarity(texts, videos);
  Matrix backward(forward.size(), std::vector<double>(forward.size()));
  for (std::size_t r = 0; r < forward.size(); ++r) {
    for (std::size_t c = 0; c < forward.size(); ++c) backward[c][r] = forward[r][c];
  }
  const Recall to_video = recall(ranks(forward));
  const Recall to_text = recall(ranks(backward));
  if (json) {
    print_json({{"text_to_video", json_of(to_video)}, {"video_to_text", json_of(to_text)}});
    return;
  }
  fmt::print("{:<15} {:>5} {:>6} {:>6} {:>6} {:>7} {:>7}\n", "", "n", "R@1", "R@5", "R@10", "median", "mean");
  print_recall("text to video", to_video);
  print_recall("video to text", to_text);
}

void print_vectors(const Vectors& vectors) {
  for (const auto& row : vectors.rows) {
    fmt::print("{} {} numbers, length {:.6f}:", padded(std::filesystem::path(row.label).filename().string(), 28),
               row.values.size(), norm(row.values));
    for (std::size_t i = 0; i < std::min<std::size_t>(row.values.size(), 4); ++i) fmt::print(" {:.4f}", row.values[i]);
    fmt::print(" …\n");
  }
  if (vectors.failed > 0) fmt::print("{} failed\n", vectors.failed);
}

void print_vectors_json(const Vectors& vectors) {
  Json all = Json::array();
  for (const auto& row : vectors.rows) {
    all.push_back({{"name", row.label}, {"numbers", row.values.size()}, {"length", norm(row.values)}});
  }
  print_json({{"vectors", all}, {"failed", vectors.failed}});
}

void add_options(po::options_description& options) {
  options.add_options()("files", po::value<std::vector<std::string>>()->required()->value_name("FILE"),
                        "results of pipit run: .jsonl or .npy");
  options.add_options()("column", po::value<std::string>()->default_value("")->value_name("NAME"),
                        "the field that is the vector; else the only list of numbers");
  options.add_options()("json", po::bool_switch(), "print JSON");
}

Parsed parse_files(const Arguments& arguments, const std::string& usage, const po::options_description& options,
                   std::size_t wanted) {
  po::positional_options_description positional;
  positional.add("files", -1);
  Parsed parsed = parse(arguments, usage, options, positional);
  if (parsed.done) return parsed;
  const std::size_t found = parsed.values["files"].as<std::vector<std::string>>().size();
  if (found != wanted) {
    throw UsageError(fmt::format("{} takes {} file{}, found {}; usage: pipit {}", usage.substr(0, usage.find(" ", 5)),
                                 wanted, wanted == 1 ? "" : "s", found, usage));
  }
  return parsed;
}

Vectors read_file(const Parsed& parsed, std::size_t which, const std::vector<std::string>& labels) {
  return Vectors::read(parsed.values["files"].as<std::vector<std::string>>()[which],
                       parsed.values["column"].as<std::string>(), labels);
}

int eval_retrieval(const Arguments& arguments) {
  po::options_description options("options");
  add_options(options);
  const Parsed parsed = parse_files(arguments, "eval retrieval TEXTS VIDEOS [--json]", options, 2);
  if (parsed.done) return kAllGood;
  print_retrieval(read_file(parsed, 0, kTextLabels), read_file(parsed, 1, kVideoLabels),
                  parsed.values["json"].as<bool>());
  return kAllGood;
}

int eval_similarity(const Arguments& arguments) {
  po::options_description options("options");
  add_options(options);
  options.add_options()("top", po::value<int>()->value_name("K"), "list the K nearest of each row, the best first");
  const Parsed parsed = parse_files(arguments, "eval similarity TEXTS VIDEOS [--top K] [--json]", options, 2);
  if (parsed.done) return kAllGood;
  const bool listed = parsed.values.contains("top");
  const int top = listed ? parsed.values["top"].as<int>() : 0;
  if (listed && top < 1) throw UsageError(fmt::format("--top takes a number of at least 1, found {}", top));
  const Vectors queries = read_file(parsed, 0, kTextLabels);
  const Vectors answers = read_file(parsed, 1, kVideoLabels);
  const Matrix matrix = similarity(queries, answers);

  if (parsed.values["json"].as<bool>()) {
    print_best_json(queries, answers, matrix, listed ? static_cast<std::size_t>(top) : answers.rows.size());
    return kAllGood;
  }
  constexpr std::size_t kLeastCaption = 16;
  const std::size_t numbers = kCell * answers.rows.size() + kCell;
  const std::size_t width = terminal_width();
  if (listed || (width > 0 && numbers + kLeastCaption > width)) {
    print_best(queries, answers, matrix, listed ? static_cast<std::size_t>(top) : kListedBest);
  } else {
    print_table(queries, answers, matrix, width > 0 ? std::min(kCaption, width - numbers) : kCaption);
  }
  return kAllGood;
}

int eval_vectors(const Arguments& arguments) {
  po::options_description options("options");
  add_options(options);
  const Parsed parsed = parse_files(arguments, "eval vectors FILE [--json]", options, 1);
  if (parsed.done) return kAllGood;
  const Vectors vectors = read_file(parsed, 0, kVideoLabels);
  (parsed.values["json"].as<bool>() ? print_vectors_json : print_vectors)(vectors);
  return kAllGood;
}

constexpr const char* kUsage =
    R"(usage: pipit eval COMMAND …

  retrieval TEXTS VIDEOS     recall and ranks; line i of both belongs together
  similarity TEXTS VIDEOS    each text against each video, or the K nearest (--top K)
  vectors FILE               size and length of each vector

FILE, TEXTS and VIDEOS are results of pipit run: .jsonl or .npy. pipit eval COMMAND --help tells a command's options.
)";

}  // namespace

int eval(const Arguments& arguments) {
  constexpr Command kCommands[] = {
      {"retrieval", eval_retrieval}, {"similarity", eval_similarity}, {"vectors", eval_vectors}};
  return dispatch("pipit eval", kUsage, kCommands, arguments);
}

}  // namespace pipit::cli
