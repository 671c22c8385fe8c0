// What is written is there, wholly or not at all, and one process writes.
#include "index/index_writer.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "index_files.h"
#include "pipit/error.h"
#include "program.h"

namespace fs = std::filesystem;
using pipit::Index;
using pipit::IndexItem;
using pipit::IndexWriter;
using test::refusal;

namespace {

std::vector<std::string> names(const fs::path& folder) {
  std::vector<std::string> all;
  for (const auto& entry : fs::directory_iterator(folder)) all.push_back(entry.path().filename());
  std::ranges::sort(all);
  return all;
}

const std::vector<float> kOne{1, 0, 0, 0};
const std::vector<float> kTwo{0, 1, 0, 0};

/// Keeps pieces of the vectors.
IndexItem clip(const std::string& path, const std::vector<std::vector<float>>& vectors) {
  IndexItem item;
  item.digest = 7;
  for (const auto& vector : vectors) item.rows.push_back({vector, fmt::format("{{\"path\":\"{}\"}}", path)});
  return item;
}

IndexItem failed(const std::string& path) {
  IndexItem item;
  item.digest = 8;
  item.inputs = fmt::format("{{\"path\":\"{}\"}}", path);
  item.error = R"({"node":"decode","code":"not_found","message":"it is not there"})";
  return item;
}

/// An index of one item, made.
void make(const std::string& path, const pipit::IndexSettings& settings = test::settings()) {
  IndexWriter writer(path);
  writer.begin(settings);
  writer.begin_run({{"inputs", "clips.jsonl"}}, "/clips");
  writer.add(clip("a.mp4", {kOne, kTwo}));
  writer.finish();
}

}  // namespace

TEST_CASE("index writer: what was added reads back") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/clips.index";
  {
    IndexWriter writer(path);
    CHECK(writer.existing() == nullptr);
    writer.begin(test::settings());
    writer.begin_run({{"inputs", "clips.jsonl"}}, "/clips");
    writer.add(clip("a.mp4", {kOne, kTwo}));
    writer.add(failed("b.mp4"));
    writer.add(clip("c.mp4", {}));
    CHECK(writer.items() == 3);
    writer.finish();
  }
  const Index index = Index::open(path);
  CHECK(index.settings().space == "clip_vit_b32 sha256:00ff");
  CHECK(index.settings().dimension == 4);
  CHECK(index.settings().queries.at("text").set ==
        std::vector<std::pair<std::string, std::string>>{{"vars.weights", "/w/b32.pt"}});
  REQUIRE(index.manifest().runs.size() == 1);
  CHECK(index.manifest().runs[0].record == nlohmann::ordered_json{{"inputs", "clips.jsonl"}});
  REQUIRE(index.rows() == 2);
  CHECK(index.line(0) == R"({"item":0,"path":"a.mp4"})");
  CHECK(index.line(1) == R"({"item":0,"path":"a.mp4"})");
  const auto bytes = index.vector(1);
  CHECK(std::vector<float>(reinterpret_cast<const float*>(bytes.data()),
                           reinterpret_cast<const float*>(bytes.data() + bytes.size())) == kTwo);
  const auto items = index.items();
  REQUIRE(items.size() == 3);
  CHECK(items[0].rows == 2);
  CHECK(items[0].digest == 7);
  CHECK_FALSE(items[0].failed());
  CHECK(items[1].inputs == R"({"path":"b.mp4"})");
  CHECK(items[1].error == R"({"node":"decode","code":"not_found","message":"it is not there"})");
  CHECK(items[2].rows == 0);
}

TEST_CASE("index writer: a failed item that is tried again is no longer a failed one") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/clips.index";
  IndexWriter writer(path);
  writer.begin(test::settings());
  writer.add(failed("a.mp4"));
  writer.add(clip("b.mp4", {kOne}));
  writer.commit();
  const std::vector<std::vector<float>> two{kTwo};
  IndexItem again = clip("a.mp4", two);
  again.item = 0;
  writer.add(again);
  writer.finish();
  CHECK(writer.items() == 2);
  const Index index = Index::open(path);
  const auto items = index.items();
  REQUIRE(items.size() == 2);
  CHECK_FALSE(items[0].failed());
  CHECK(index.line(1) == R"({"item":0,"path":"a.mp4"})");
}

TEST_CASE("index writer: what was not committed is not there and what it left is cleared") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/clips.index";
  make(path);
  const std::string before = test::content(Index::open(path));
  if (const pid_t child = fork(); child == 0) {
    IndexWriter writer(path);
    writer.go_on(test::settings());
    writer.add(clip("b.mp4", {kOne}));
    _exit(0);  // as if killed
  } else {
    waitpid(child, nullptr, 0);
  }
  CHECK(names(path + "/segments").size() == 2);
  CHECK(test::content(Index::open(path)) == before);
  {
    IndexWriter writer(path);
    writer.go_on(test::settings());
  }
  CHECK(names(path + "/segments").size() == 1);
  CHECK(test::content(Index::open(path)) == before);
}

TEST_CASE("index writer: the old index stays until the first commit of a new one") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/clips.index";
  make(path);
  const std::string before = test::content(Index::open(path));
  {
    IndexWriter writer(path);
    REQUIRE(writer.existing() != nullptr);
    writer.begin(test::settings(2));
    writer.begin_run({}, "/clips");
    writer.finish();
    CHECK(writer.old_one_stays());
  }
  CHECK(test::content(Index::open(path)) == before);
  IndexWriter writer(path);
  writer.begin(test::settings(2));
  writer.begin_run({}, "/clips");
  writer.add(clip("b.mp4", {{0.5F, 0.5F}}));
  CHECK(test::content(Index::open(path)) == before);
  writer.commit();
  CHECK_FALSE(writer.old_one_stays());
  const Index index = Index::open(path);
  CHECK(index.rows() == 1);
  CHECK(index.settings().dimension == 2);
  CHECK(names(path + "/segments").size() == 1);
  CHECK(writer.constant_rows() == 1);
}

TEST_CASE("index writer: a second one is told who writes") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/clips.index";
  const IndexWriter writer(path);
  CHECK(refusal([&] { IndexWriter second(path); }) ==
        fmt::format("output_busy: another process ({}) is writing index '{}'", getpid(), path));
}

TEST_CASE("index writer: a folder that was made for nothing is removed again") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/clips.index";
  { const IndexWriter writer(path); }
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("index writer: folders of somebody else are left alone") {
  const test::TemporaryFolder folder;
  folder.write("notes.txt", "mine");
  CHECK(refusal([&] { IndexWriter writer(folder.path()); }) ==
        fmt::format("invalid_index: folder '{}' is not an index and is not empty: it has 'notes.txt'; name another",
                    folder.path()));
  CHECK(names(folder.path()) == std::vector<std::string>{"notes.txt"});
  CHECK(refusal([&] { IndexWriter writer(folder.path() + "/notes.txt"); }) ==
        fmt::format("invalid_index: '{}/notes.txt' is not an index: an index is a folder", folder.path()));
}

TEST_CASE("index writer: vectors that cannot be compared are not mixed") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/clips.index";
  make(path);
  const auto refused = [&](const pipit::IndexSettings& settings) {
    return refusal([&] { IndexWriter(path).go_on(settings); });
  };
  pipit::IndexSettings other = test::settings();
  other.space = "clip_vit_b16 sha256:11";
  CHECK(refused(other) ==
        fmt::format("invalid_input: cannot add to index '{}': its vectors are of space 'clip_vit_b32 sha256:00ff', and "
                    "these of 'clip_vit_b16 sha256:11'; vectors of different spaces cannot be compared",
                    path));
  CHECK(refused(test::settings(3)) ==
        fmt::format("invalid_input: cannot add to index '{}': its vectors have 4 numbers, and these 3", path));
  CHECK(refused(test::settings(4, pipit::DType::kFloat16)) ==
        fmt::format("invalid_input: cannot add to index '{}': its vectors are float32, and these would be float16",
                    path));
}

TEST_CASE("index writer: vectors by which nothing is found are refused with their item") {
  const test::TemporaryFolder folder;
  for (const pipit::DType dtype : {pipit::DType::kFloat32, pipit::DType::kFloat16}) {
    const std::string path = folder.path() + "/" + std::string(dtype_name(dtype));
    IndexWriter writer(path);
    writer.begin(test::settings(4, dtype));
    const auto refused = [&](const std::vector<std::vector<float>>& vectors) {
      return refusal([&] { writer.add(clip("a.mp4", vectors)); });
    };
    const float nan = std::numeric_limits<float>::quiet_NaN();
    CHECK(refused({{0, nan, 1, 1}}) == "invalid_output: the vector is NaN at position 1");
    CHECK(refused({kOne, {0, 1, 1, -INFINITY}}) == "invalid_output: the vector of row 1 is infinite at position 3");
    CHECK(refused({{0, 0, 0, 0}}) == "invalid_output: the vector is zero, and nothing can be found by it");
    CHECK(refused({{1, 0, 0}}) == "invalid_output: the vector has 3 numbers, and those of the index have 4");
    if (dtype == pipit::DType::kFloat16) {
      CHECK(refused({{1e5F, 0, 0, 0}}) == "invalid_output: the vector is larger than a float16 can be at position 0");
      CHECK(refused({{1e-9F, 0, 0, 0}}) == "invalid_output: the vector is zero, and nothing can be found by it");
    }
    CHECK(writer.items() == 0);
    writer.add(clip("b.mp4", {kOne}));
    writer.finish();
    CHECK(Index::open(path).rows() == 1);
  }
}

TEST_CASE("index writer: many commits leave few segments with all rows in their order") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/clips.index";
  IndexWriter writer(path);
  writer.begin(test::settings());
  std::mt19937 random(1);
  constexpr int kCommits = 200;
  for (int i = 0; i < kCommits; ++i) {
    test::add_item(writer, random, i % 4);
    if (i % 50 == 7) writer.add(failed("x.mp4"));
    writer.commit();
  }
  const Index index = Index::open(path);
  CHECK(index.segments().size() <= 9);
  CHECK(names(path + "/segments").size() == index.segments().size());
  CHECK(index.rows() == kCommits / 4 * 6);
  CHECK(index.items().size() == kCommits + 4);
  std::int64_t item = 0;
  for (std::int64_t row = 0; row < index.rows(); ++row) {
    const auto line = nlohmann::json::parse(index.line(row));
    CHECK(line.at("item").get<std::int64_t>() >= item);
    item = line.at("item");
  }
}

TEST_CASE("index writer: readers see whole commits while segments are joined and removed") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/clips.index";
  make(path);
  constexpr int kCommits = 300;
  const pid_t child = fork();
  if (child == 0) {
    IndexWriter writer(path);
    writer.go_on(test::settings());
    std::mt19937 random(2);
    for (int i = 0; i < kCommits; ++i) {
      test::add_item(writer, random, 2);
      writer.commit();
    }
    _exit(0);
  }
  int status = 0;
  std::int64_t rows = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    const Index index = Index::open(path);
    CHECK(index.rows() >= rows);
    CHECK(index.rows() % 2 == 0);
    rows = index.rows();
    CHECK(index.line(rows - 1).ends_with('}'));
  }
  CHECK(status == 0);
  CHECK(Index::open(path).rows() == 2 + 2 * kCommits);
}
