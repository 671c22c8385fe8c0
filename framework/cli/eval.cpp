// pipit eval

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <numeric>

#include "command.h"
#include "near.h"
#include "pipit/error.h"
#include "vector_file.h"

namespace pipit::cli {
namespace {

namespace po = boost::program_options;

// Which field of a line names it best.
const std::vector<std::string> kTextLabels{"text", "id", "path"};
const std::vector<std::string> kVideoLabels{"path", "id", "text"};

using Matrix = std::vector<std::vector<double>>;

Matrix similarity(const Vectors& queries, const Vectors& answers) {
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

std::string shortened(const std::string& label, std::size_t width) {
  if (label.size() <= width) return label;
  return label.substr(0, width - 3) + "...";
}

/// Every query against every answer; the best one of each row is marked.
void print_similarity(const Vectors& queries, const Vectors& answers) {
  constexpr std::size_t kWidth = 44;
  for (std::size_t c = 0; c < answers.rows.size(); ++c) fmt::print("[{}] {}\n", c + 1, answers.rows[c].label);
  fmt::print("\n{:<{}}", "", kWidth);
  for (std::size_t c = 0; c < answers.rows.size(); ++c) fmt::print(" {:>6} ", fmt::format("[{}]", c + 1));
  fmt::print("  best\n");
  const Matrix matrix = similarity(queries, answers);
  for (std::size_t r = 0; r < matrix.size(); ++r) {
    const auto best = static_cast<std::size_t>(std::ranges::max_element(matrix[r]) - matrix[r].begin());
    fmt::print("{:<{}}", shortened(queries.rows[r].label, kWidth), kWidth);
    for (std::size_t c = 0; c < matrix[r].size(); ++c) fmt::print(" {:>6.3f}{}", matrix[r][c], c == best ? '*' : ' ');
    fmt::print("  [{}]\n", best + 1);
  }
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

void print_recall(const char* title, std::vector<double> all) {
  const auto share = [&](double k) {
    return 100.0 * static_cast<double>(std::ranges::count_if(all, [k](double rank) { return rank <= k; })) /
           static_cast<double>(all.size());
  };
  std::ranges::sort(all);
  const std::size_t half = all.size() / 2;
  const double median = all.size() % 2 == 1 ? all[half] : (all[half - 1] + all[half]) / 2;
  const double mean = std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(all.size());
  fmt::print("{:<15} {:>5} {:>6.1f} {:>6.1f} {:>6.1f} {:>7.1f} {:>7.1f}\n", title, all.size(), share(1), share(5),
             share(10), median, mean);
}

void print_retrieval(const Vectors& texts, const Vectors& videos) {
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
  fmt::print("{:<15} {:>5} {:>6} {:>6} {:>6} {:>7} {:>7}\n", "", "n", "R@1", "R@5", "R@10", "median", "mean");
  print_recall("text to video", ranks(forward));
  print_recall("video to text", ranks(backward));
}

void print_vectors(const Vectors& vectors) {
  for (const auto& row : vectors.rows) {
    fmt::print("{:<28} {} numbers, length {:.6f}:", shortened(std::filesystem::path(row.label).filename().string(), 28),
               row.values.size(), norm(row.values));
    for (std::size_t i = 0; i < std::min<std::size_t>(row.values.size(), 4); ++i) fmt::print(" {:.4f}", row.values[i]);
    fmt::print(" ...\n");
  }
  if (vectors.failed > 0) fmt::print("{} failed\n", vectors.failed);
}

}  // namespace

int eval(const Arguments& arguments) {
  po::options_description options("options");
  options.add_options()("what", po::value<std::string>()->required()->value_name("retrieval|similarity|vectors"),
                        "what to print");
  options.add_options()("files", po::value<std::vector<std::string>>()->required()->value_name("FILE"),
                        "results of pipit run: .jsonl or .npy");
  options.add_options()("column", po::value<std::string>()->default_value(""),
                        "the field that is the vector; else the only list of numbers");
  po::positional_options_description positional;
  positional.add("what", 1).add("files", -1);
  const Parsed parsed =
      parse(arguments, "eval retrieval TEXTS VIDEOS | similarity TEXTS VIDEOS | vectors FILE", options, positional);
  if (parsed.done) return kAllGood;

  const std::string what = parsed.values["what"].as<std::string>();
  const std::vector<std::string> known{"retrieval", "similarity", "vectors"};
  if (std::ranges::find(known, what) == known.end()) {
    throw UsageError(fmt::format("eval knows no '{}'{}", what, instead(what, known, "it knows")));
  }
  const auto& files = parsed.values["files"].as<std::vector<std::string>>();
  const std::size_t wanted = what == "vectors" ? 1 : 2;
  if (files.size() != wanted)
    throw UsageError(
        fmt::format("eval {} takes {} file{}, found {}", what, wanted, wanted == 1 ? "" : "s", files.size()));
  const std::string column = parsed.values["column"].as<std::string>();
  const bool alone = what == "vectors";
  const Vectors first = Vectors::read(files[0], column, alone ? kVideoLabels : kTextLabels);
  if (alone) {
    print_vectors(first);
  } else {
    const Vectors second = Vectors::read(files[1], column, kVideoLabels);
    (what == "retrieval" ? print_retrieval : print_similarity)(first, second);
  }
  return kAllGood;
}

}  // namespace pipit::cli
