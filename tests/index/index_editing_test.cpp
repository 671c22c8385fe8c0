// Rows are taken out, room is given back, damage is found, and a killed writer leaves the state before or after.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <thread>

#include "index/index_verification.h"
#include "index/index_writer.h"
#include "index_files.h"
#include "program.h"

namespace fs = std::filesystem;
using pipit::Index;
using pipit::IndexVerification;
using pipit::IndexWriter;
using pipit::verify_index;

namespace {

/// An index of random rows: item N has N % 3 + 1 of them.
void make(const std::string& path, int items) {
  std::mt19937 random(7);
  IndexWriter writer(path);
  writer.begin(test::settings());
  for (int i = 0; i < items; ++i) test::add_item(writer, random, 1 + i % 3);
  writer.finish();
}

void edit(const std::string& path, const std::function<void(IndexWriter&)>& what) {
  IndexWriter writer(path);
  writer.go_on(writer.existing()->settings);
  what(writer);
}

std::vector<std::string> files_of(const std::string& path) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (entry.is_regular_file() && entry.path().filename() != "lock") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace

TEST_CASE("index editing: removed rows are kept out of sight and compacting gives back their room") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/x.index";
  make(path, 6);  // rows 0 | 1 2 | 3 4 5 | 6 | 7 8 | 9 10 11
  edit(path, [](IndexWriter& writer) {
    const std::vector<std::int64_t> rows{0, 4, 4, 7, 8};
    CHECK(writer.remove(rows) == 4);
    CHECK(writer.remove(rows) == 0);
    CHECK(writer.remove(std::vector<std::int64_t>{11}) == 1);
  });
  const Index removed = Index::open(path);
  CHECK(removed.rows() == 12);
  CHECK(removed.manifest().rows() == 7);
  CHECK(verify_index(path).faults.empty());
  CHECK(files_of(path).size() == 5);
  std::vector<std::string> left;
  for (const std::int64_t row : {1, 2, 3, 5, 6, 9, 10}) left.emplace_back(removed.line(row));

  edit(path, [](IndexWriter& writer) { writer.compact(); });
  const Index compact = Index::open(path);
  REQUIRE(compact.rows() == 7);
  CHECK(compact.manifest().rows() == 7);
  CHECK(compact.manifest().items == 6);
  for (std::size_t i = 0; i < left.size(); ++i) CHECK(compact.line(static_cast<std::int64_t>(i)) == left[i]);
  std::vector<std::int64_t> items;
  for (const auto& item : compact.items()) items.insert(items.end(), {item.item, item.rows});
  CHECK(items == std::vector<std::int64_t>{1, 2, 2, 2, 3, 1, 5, 2});
  CHECK(verify_index(path).faults.empty());
  CHECK(files_of(path).size() == 4);
  // Who had it open keeps it.
  CHECK(removed.line(1) == left[0]);
  CHECK(removed.vector(11).size() == 16);
}

TEST_CASE("index editing: an index may lose all its rows") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/x.index";
  make(path, 1);
  edit(path, [](IndexWriter& writer) {
    CHECK(writer.remove(std::vector<std::int64_t>{0}) == 1);
    writer.compact();
  });
  CHECK(Index::open(path).rows() == 0);
  CHECK(verify_index(path).faults.empty());
  edit(path, [](IndexWriter& writer) {
    std::mt19937 random(7);
    test::add_item(writer, random, 1);
    writer.finish();
  });
  CHECK(Index::open(path).rows() == 1);
}

TEST_CASE("index verification: every flipped byte is found") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/x.index";
  make(path, 40);
  edit(path, [](IndexWriter& writer) { writer.remove(std::vector<std::int64_t>{3, 5}); });
  REQUIRE(verify_index(path).faults.empty());
  const std::vector<std::string> files = files_of(path);
  REQUIRE(files.size() == 5);
  std::mt19937 random(3);
  for (int i = 0; i < 1000; ++i) {
    const std::string& name = files[static_cast<std::size_t>(i) % files.size()];
    const auto size = static_cast<std::int64_t>(fs::file_size(name));
    const auto at = std::uniform_int_distribution<std::int64_t>(0, size - 1)(random);
    const int bit = std::uniform_int_distribution(0, 7)(random);
    CAPTURE(name);
    CAPTURE(at);
    std::fstream file(name, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(at);
    const int byte = file.get();
    const auto put = [&](int value) {
      file.seekp(at);
      file.put(static_cast<char>(value));
      file.flush();
    };
    put(byte ^ (1 << bit));
    CHECK(verify_index(path).faults.size() == 1);
    put(byte);
  }
  CHECK(verify_index(path).faults.empty());
}

TEST_CASE("index verification: what is missing, cut or added is told by name") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/x.index";
  make(path, 3);
  const std::string rows = path + "/segments/000001/rows.jsonl";
  fs::resize_file(rows, fs::file_size(rows) - 1);
  const IndexVerification cut = verify_index(path);
  REQUIRE(cut.faults.size() == 1);
  CHECK(cut.faults[0].find("'segments/000001/rows.jsonl'") != std::string::npos);
  fs::remove(rows);
  CHECK(verify_index(path).faults.size() == 1);
  fs::create_symlink("/etc/passwd", rows);
  CHECK(verify_index(path).faults.size() == 1);
  CHECK(test::refusal([&] { verify_index(folder.path() + "/none.index"); }) ==
        "not_found: index '" + folder.path() + "/none.index' does not exist");
}

// PIPIT_KILLS says how many, 60 without it.
TEST_CASE("index editing: a writer that is killed leaves the state before or after") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/x.index";
  const char* asked = std::getenv("PIPIT_KILLS");
  const int kills = asked == nullptr ? 60 : std::atoi(asked);
  std::mt19937 random(11);
  const auto below = [&](int n) { return std::uniform_int_distribution(0, n - 1)(random); };
  make(path, 30);
  for (int i = 0; i < kills; ++i) {
    const int kind = below(4);
    const std::string before = test::content(Index::open(path));
    // What the writer would leave, had it lived.
    const std::string other = folder.path() + "/other.index";
    fs::remove_all(other);
    fs::copy(path, other, fs::copy_options::recursive);
    const unsigned seed = random();
    const auto write = [&](const std::string& to) {
      std::mt19937 numbers(seed);
      edit(to, [&](IndexWriter& writer) {
        if (kind == 0) writer.compact();
        if (kind == 1) writer.remove(std::vector<std::int64_t>{static_cast<std::int64_t>(seed % 20)});
        if (kind >= 2) {
          for (int item = 0; item < 5; ++item) test::add_item(writer, numbers, 2);
          writer.finish();
        }
      });
    };
    write(other);
    const std::string after = test::content(Index::open(other));
    const pid_t child = fork();
    if (child == 0) {
      write(path);
      _exit(0);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(below(4000)));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    const std::string now = test::content(Index::open(path));
    CHECK_MESSAGE((now == before || now == after), "round ", i, " of kind ", kind);
    CHECK(verify_index(path).faults.empty());
    if (Index::open(path).rows() > 400) {
      fs::remove_all(path);
      make(path, 30);
    }
  }
}

// A limit on the size of files fails a write at any byte, as a full disk does.
TEST_CASE("index editing: a write that fails leaves the state before and says why") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/x.index";
  make(path, 30);
  const std::vector<float> query{0.5F, 0.5F, -0.5F, 0.5F};
  const std::pair<const char*, std::function<void(IndexWriter&)>> kinds[] = {
      {"add",
       [](IndexWriter& writer) {
         std::mt19937 random(5);
         for (int item = 0; item < 5; ++item) test::add_item(writer, random, 2);
         writer.finish();
       }},
      {"remove",
       [](IndexWriter& writer) {
         writer.remove(std::vector<std::int64_t>{3, 9});
       }},
      {"compact", [](IndexWriter& writer) { writer.compact(); }},
      {"tune", [&](IndexWriter& writer) { writer.accelerate(query, {.recall = 0.1}); }}};
  const std::string before = test::content(Index::open(path));
  for (const auto& [name, kind] : kinds) {
    CAPTURE(name);
    int failures = 0;
    for (rlim_t limit = 0; limit < 12000; limit += limit < 600 ? 37 : 611) {
      CAPTURE(limit);
      const std::string other = folder.path() + "/other.index";
      fs::remove_all(other);
      fs::copy(path, other, fs::copy_options::recursive);
      const pid_t child = fork();
      if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        const rlimit size{limit, limit};
        ::setrlimit(RLIMIT_FSIZE, &size);
        const std::string why = test::refusal([&] { edit(other, kind); });
        const bool told = why.starts_with("output_failed: ") && why.find("File too large") != std::string::npos;
        _exit(why.empty() ? 0 : told ? 1 : 2);
      }
      int status = 0;
      ::waitpid(child, &status, 0);
      REQUIRE(WIFEXITED(status));
      CHECK(WEXITSTATUS(status) < 2);
      CHECK(verify_index(other).faults.empty());
      const bool failed = WEXITSTATUS(status) == 1;
      failures += failed ? 1 : 0;
      if (failed) CHECK(test::content(Index::open(other)) == before);
    }
    CHECK(failures > 3);
  }
  CHECK(test::content(Index::open(path)) == before);
}
