// An accelerator finds what is there, changes no score, and nothing that its files say is believed.
#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>

#include "index/accelerator/accelerator.h"
#include "index/accelerator/row_codes.h"
#include "index/index_verification.h"
#include "index/search/search.h"
#include "index_files.h"
#include "program.h"

namespace fs = std::filesystem;
using pipit::Answer;
using pipit::AnswerUnit;
using pipit::Index;
using pipit::IndexWriter;
using pipit::Search;
using pipit::Tuning;
using pipit::verify_index;

namespace {

constexpr std::int64_t kDimension = 40;  // not a multiple of what the kernels take at once
constexpr std::int64_t kRows = 2000;

void add_rows(IndexWriter& writer, std::int64_t rows, unsigned seed) {
  std::mt19937 random(seed);
  for (std::int64_t i = 0; i < rows; i += 10) test::add_item(writer, random, 10, kDimension);
}

void make(const std::string& path, std::int64_t rows = kRows, pipit::DType dtype = pipit::DType::kFloat32) {
  IndexWriter writer(path);
  writer.begin(test::settings(kDimension, dtype));
  add_rows(writer, rows, 7);
  writer.finish();
}

template <class Action>
auto edit(const std::string& path, Action&& action) {
  IndexWriter writer(path);
  writer.go_on(writer.existing()->settings);
  return action(writer);
}

std::vector<float> queries(int count) {
  std::mt19937 random(99);
  std::vector<float> vectors;
  for (int i = 0; i < count; ++i) {
    const std::vector<float> vector = test::unit_vector(random, kDimension);
    vectors.insert(vectors.end(), vector.begin(), vector.end());
  }
  return vectors;
}

Tuning tune(const std::string& path, double recall = 0.95) {
  const std::vector<float> asked = queries(50);
  return edit(
      path, [&](IndexWriter& writer) { return writer.accelerate(asked, {.recall = recall, .graph = {.threads = 2}}); });
}

std::vector<std::vector<Answer>> ask(const std::string& path, bool exact, std::int64_t k = 10) {
  const Index index = Index::open(path);
  const Search search(index, {.k = k, .exact = exact, .threads = 2});
  return search.answers(queries(50));
}

/// The share of right answers; each that is found must have the score that it has exactly.
double share(const std::vector<std::vector<Answer>>& found, const std::vector<std::vector<Answer>>& right) {
  std::size_t hits = 0;
  std::size_t all = 0;
  REQUIRE(found.size() == right.size());
  for (std::size_t i = 0; i < right.size(); ++i) {
    CHECK(std::ranges::is_sorted(found[i], std::greater<>(), &Answer::score));
    all += right[i].size();
    for (const Answer& answer : found[i]) {
      const auto same = std::ranges::find(right[i], answer.row, &Answer::row);
      if (same == right[i].end()) continue;
      CHECK(*same == answer);
      ++hits;
    }
  }
  return static_cast<double>(hits) / static_cast<double>(all);
}

/// Writes a number of 32 bits over what stands at a place of a file's elements, which begin at byte 256.
void overwrite(const std::string& file, std::int64_t element, std::int32_t number) {
  std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
  out.seekp(256 + element * 4);
  out.write(reinterpret_cast<const char*>(&number), sizeof number);
}

std::string folder_of(const std::string& path) {
  return path + "/accelerators/" + Index::open(path).manifest().accelerator->name;
}

}  // namespace

TEST_CASE("row codes: a row loses at most half a step a number and a query far less") {
  std::mt19937 random(5);
  for (const std::int64_t dimension : {1, 3, 40, 512, 65536}) {
    std::vector<float> row = test::unit_vector(random, dimension);
    row[0] *= 1e20F;
    std::vector<std::int8_t> code(row.size());
    const float scale = pipit::encode_row(row, code);
    for (std::size_t i = 0; i < row.size(); ++i) {
      CHECK(std::abs(double{row[i]} - double{scale} * code[i]) <= 0.5001 * double{scale});
    }
    const pipit::QueryCode query = pipit::encode_query(row);
    for (std::size_t i = 0; i < row.size(); ++i) {
      CHECK(std::abs(double{row[i]} - double{query.scale} * query.numbers[i]) <= 0.5001 * double{query.scale});
    }
    // The largest product that there can be.
    CHECK(dimension * 127 * *std::ranges::max_element(query.numbers) <= std::numeric_limits<std::int32_t>::max());
  }
  std::vector<std::int8_t> code(3);
  CHECK(pipit::encode_row(std::vector<float>(3), code) == 0);
  CHECK(code == std::vector<std::int8_t>(3));
}

TEST_CASE("accelerator: most of the right answers are found with the scores that they have") {
  for (const pipit::DType dtype : {pipit::DType::kFloat32, pipit::DType::kFloat16}) {
    const test::TemporaryFolder folder;
    const std::string path = folder.path() + "/x.index";
    make(path, kRows, dtype);
    const Tuning tuning = tune(path);
    CHECK(tuning.rows == kRows);
    CHECK(tuning.queries == 50);
    CHECK(tuning.best().recall >= 0.95);
    const auto right = ask(path, true);
    const auto found = ask(path, false);
    CHECK(share(found, right) >= 0.95);
    CHECK(share(found, right) == doctest::Approx(tuning.best().recall));
    const auto manifest = *Index::open(path).manifest().accelerator;
    CHECK(manifest.rows == kRows);
    CHECK(manifest.effort == tuning.best().effort);
    CHECK(manifest.recall == doctest::Approx(tuning.best().recall));
    CHECK(verify_index(path).faults.empty());
    CHECK(verify_index(path).files == 8);
  }
}

TEST_CASE("accelerator: rows that came later are found and removed ones are not") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/x.index";
  make(path);
  tune(path);
  edit(path, [](IndexWriter& writer) {
    add_rows(writer, 500, 8);
    writer.finish();
  });
  const auto right = ask(path, true, 3);
  CHECK(share(ask(path, false, 3), right) >= 0.9);
  std::set<std::int64_t> late;
  for (const auto& answers : ask(path, false, 3)) {
    for (const Answer& answer : answers) {
      if (answer.row >= kRows) late.insert(answer.row);
    }
  }
  CHECK(late.size() > 5);

  std::vector<std::int64_t> gone;
  for (const auto& answers : right) gone.push_back(answers[0].row);
  edit(path, [&](IndexWriter& writer) { return writer.remove(gone); });
  for (const auto& answers : ask(path, false, 3)) {
    REQUIRE(answers.size() == 3);
    for (const Answer& answer : answers) CHECK(std::ranges::find(gone, answer.row) == gone.end());
  }
  CHECK(share(ask(path, false, 3), ask(path, true, 3)) >= 0.9);
  CHECK(tune(path).rows == kRows + 500);
  CHECK(share(ask(path, false, 3), ask(path, true, 3)) >= 0.9);
}

TEST_CASE("accelerator: a search for more answers than it was measured with looks at more") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/x.index";
  make(path);
  tune(path);
  CHECK(share(ask(path, false, 1), ask(path, true, 1)) >= 0.95);
  CHECK(share(ask(path, false, 20), ask(path, true, 20)) >= 0.95);
  CHECK(ask(path, false, kRows) == ask(path, true, kRows));
}

TEST_CASE("accelerator: compacting and a new index are without it and its files are gone") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/x.index";
  make(path);
  tune(path);
  const std::string first = folder_of(path);
  tune(path);
  CHECK(!fs::exists(first));
  CHECK(fs::exists(folder_of(path)));
  edit(path, [](IndexWriter& writer) { writer.compact(); });
  CHECK(Index::open(path).accelerator() == nullptr);
  CHECK(fs::is_empty(path + "/accelerators"));
  tune(path);
  make(path);
  CHECK(Index::open(path).accelerator() == nullptr);
  CHECK(fs::is_empty(path + "/accelerators"));
}

TEST_CASE("accelerator: one that finds too little is not kept") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/x.index";
  make(path, 2000);
  const std::string before = test::content(Index::open(path));
  // One link finds nothing of what lies apart.
  const std::vector<float> asked = queries(50);
  const std::string why = test::refusal([&] {
    edit(path, [&](IndexWriter& writer) {
      return writer.accelerate(asked, {.recall = 1, .graph = {.links = 2, .effort = 2}});
    });
  });
  const std::string first = "recall_too_low: an accelerator of index '" + path + "' finds ";
  CHECK(why.starts_with(first));
  CHECK(why.find(" % of the right answers, expected 100.0 %, when it looks at ") != std::string::npos);
  CHECK(
      why.ends_with(" rows for a query, which costs as much as to look at all; nothing was changed: ask for more "
                    "links, or for a lower recall"));
  CHECK(test::content(Index::open(path)) == before);
  CHECK(Index::open(path).accelerator() == nullptr);
  CHECK(fs::is_empty(path + "/accelerators"));
}

TEST_CASE("accelerator: a builder that is told to stop leaves the index as it was") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/x.index";
  make(path);
  const std::vector<float> asked = queries(1);
  CHECK(test::refusal([&] {
          edit(path, [&](IndexWriter& writer) {
            return writer.accelerate(asked, {.graph = {.progress = [](std::int64_t rows) { return rows < 100; }}});
          });
        }) == "canceled: building the accelerator was canceled");
  CHECK(fs::is_empty(path + "/accelerators"));
}

TEST_CASE("accelerator: links and starts out of the rows are refused when they are met") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/x.index";
  make(path);
  tune(path);
  const std::string accelerator = folder_of(path);
  const std::string name = fs::path(accelerator).filename();
  const auto why = [&](const std::string& file, std::int32_t row) {
    return "invalid_index: index '" + path + "' is damaged: 'accelerators/" + name + "/" + file + "' names row " +
           std::to_string(row) + " of 2000; make the accelerator anew with pipit index tune";
  };
  for (const std::int32_t row : {-2, 2000, 0x7fffffff, std::numeric_limits<std::int32_t>::min()}) {
    const fs::path kept = folder.path() + "/kept";
    fs::copy_file(accelerator + "/links.npy", kept, fs::copy_options::overwrite_existing);
    for (std::int64_t i = 0; i < kRows * 32; i += 32) overwrite(accelerator + "/links.npy", i, row);
    CHECK(test::refusal([&] { ask(path, false); }) == why("links.npy", row));
    CHECK(ask(path, true).size() == 50);
    CHECK(verify_index(path).faults.size() == 1);
    fs::copy_file(kept, accelerator + "/links.npy", fs::copy_options::overwrite_existing);
  }
  for (const std::int32_t row : {-1, 2000}) {
    overwrite(accelerator + "/starts.npy", 0, row);
    CHECK(test::refusal([&] { ask(path, false); }) == why("starts.npy", row));
  }
  // Codes and scales that were changed cost answers and nothing else.
  tune(path);
  std::mt19937 random(1);
  for (std::int64_t i = 0; i < kRows; ++i) overwrite(folder_of(path) + "/scales.npy", i, static_cast<int>(random()));
  CHECK(ask(path, false).size() == 50);
}

TEST_CASE("accelerator: what is cut, missing or a link is told and the index is good without it") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/x.index";
  make(path);
  tune(path);
  const std::string file = folder_of(path) + "/links.npy";
  const auto shown = fs::relative(file, path).string();
  const auto size = fs::file_size(file);
  fs::resize_file(file, size - 1);
  CHECK(test::refusal([&] { ask(path, false); }) ==
        "invalid_index: index '" + path + "' is damaged: '" + shown + "' has " + std::to_string(size - 1) +
            " bytes, and its manifest says " + std::to_string(size) +
            "; make the accelerator anew with pipit index tune, or search all rows with --exact");
  CHECK(ask(path, true).size() == 50);
  fs::remove(file);
  CHECK(test::refusal([&] { ask(path, false); }) ==
        "invalid_index: index '" + path + "' is damaged: '" + shown +
            "' cannot be opened: No such file or directory; make the accelerator anew with pipit index tune, or "
            "search all rows with --exact");
  fs::create_symlink("/etc/passwd", file);
  CHECK(test::refusal([&] { ask(path, false); }) ==
        "invalid_index: index '" + path + "' is damaged: '" + shown +
            "' is a link; make the accelerator anew with pipit index tune, or search all rows with --exact");
  fs::remove_all(path + "/accelerators");
  CHECK(ask(path, true).size() == 50);
  tune(path);
  CHECK(verify_index(path).faults.empty());
  CHECK(ask(path, false).size() == 50);
}
