// From rows to answers: moments out of neighbouring rows, clips, filters.
#include "index/search/search.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "index_files.h"
#include "program.h"

using pipit::Answer;
using pipit::AnswerUnit;
using pipit::Index;
using pipit::IndexItem;
using pipit::IndexWriter;
using pipit::RowTimes;
using pipit::Search;
using pipit::SearchSettings;

namespace {

/// A window of a clip whose vector has this inner product with {1, 0}.
struct Window {
  int start_s;
  int end_s;
  float score;
};

/// An index of clips, each a list of windows.
class Clips {
 public:
  explicit Clips(const std::vector<std::vector<Window>>& clips, pipit::DType dtype = pipit::DType::kFloat32) {
    IndexWriter writer(path());
    writer.begin(test::settings(2, dtype));
    for (const auto& windows : clips) add(writer, windows);
    writer.finish();
  }

  std::string path() const { return folder_.path() + "/clips.index"; }

 private:
  void add(IndexWriter& writer, const std::vector<Window>& windows) {
    IndexItem item;
    item.item = writer.items();
    std::vector<std::vector<float>> vectors;
    for (const Window& window : windows) {
      vectors.push_back({window.score, std::sqrt(1 - window.score * window.score)});
    }
    for (std::size_t i = 0; i < windows.size(); ++i) {
      item.rows.push_back({vectors[i], fmt::format("{{\"path\":\"{}.mp4\",\"start_ms\":{},\"end_ms\":{}}}", item.item,
                                                   windows[i].start_s * 1000, windows[i].end_s * 1000)});
    }
    writer.add(item);
  }

  test::TemporaryFolder folder_;
};

const std::vector<float> kQuery{1, 0};

std::string text_of(const std::vector<Answer>& answers) {
  std::string text;
  for (const Answer& answer : answers) {
    text += fmt::format("{}{}:{:.2f}", text.empty() ? "" : " ", answer.row, answer.score);
    if (answer.times) text += fmt::format("[{}-{}]", answer.times->start_ms / 1000, answer.times->end_ms / 1000);
  }
  return text;
}

std::string found(const Clips& clips, const SearchSettings& settings) {
  const Index index = Index::open(clips.path());
  return text_of(Search(index, settings).answers(kQuery).front());
}

}  // namespace

TEST_CASE("search: neighbouring rows that score nearly as high as the best are one moment") {
  const Clips clips({{{0, 4, 0.1F}, {2, 6, 0.46F}, {4, 8, 0.5F}, {6, 10, 0.45F}, {8, 12, 0.44F}, {10, 14, 0.2F}}});
  const SearchSettings moments{.k = 3, .unit = AnswerUnit::kMoment};
  // 0.46 and 0.45 are at least nine tenths of 0.5, 0.44 is not; what overlaps the moment is no answer of its own.
  CHECK(found(clips, moments) == "2:0.50[2-10] 5:0.20[10-14]");
  CHECK(found(clips, {.k = 6, .unit = AnswerUnit::kRow}) ==
        "2:0.50[4-8] 1:0.46[2-6] 3:0.45[6-10] 4:0.44[8-12] 5:0.20[10-14] 0:0.10[0-4]");
  CHECK(found(clips, {.k = 3, .unit = AnswerUnit::kItem}) == "2:0.50[4-8]");
}

TEST_CASE("search: a moment ends where its clip ends and where its rows do not touch") {
  const Clips clips({{{0, 4, 0.5F}, {4, 8, 0.5F}, {9, 13, 0.5F}}, {{0, 4, 0.5F}}});
  CHECK(found(clips, {.k = 9, .unit = AnswerUnit::kMoment}) == "0:0.50[0-8] 2:0.50[9-13] 3:0.50[0-4]");
}

TEST_CASE("search: a best row below zero has the neighbours that are a tenth lower at most") {
  const Clips clips({{{0, 4, -0.5F}, {2, 6, -0.54F}, {4, 8, -0.6F}}});
  CHECK(found(clips, {.k = 1, .unit = AnswerUnit::kMoment}) == "0:-0.50[0-6]");
}

TEST_CASE("search: many rows of one clip do not crowd out the others") {
  std::vector<Window> crowd;
  for (int i = 0; i < 500; ++i) crowd.push_back({i, i + 2, 0.9F});
  const Clips clips({crowd, {{0, 2, 0.3F}}, {{0, 2, 0.2F}}});
  CHECK(found(clips, {.k = 3, .unit = AnswerUnit::kItem}) == "0:0.90[0-2] 500:0.30[0-2] 501:0.20[0-2]");
  CHECK(found(clips, {.k = 3, .unit = AnswerUnit::kMoment}) == "0:0.90[0-501] 500:0.30[0-2] 501:0.20[0-2]");
}

TEST_CASE("search: rows are chosen by their fields and by the least score") {
  const Clips clips({{{0, 4, 0.5F}}, {{0, 4, 0.4F}}, {{4, 8, 0.3F}}}, pipit::DType::kFloat16);
  CHECK(found(clips, {.unit = AnswerUnit::kRow, .where = {{"path", "1.mp4"}}}) == "1:0.40[0-4]");
  CHECK(found(clips, {.unit = AnswerUnit::kRow, .where = {{"start_ms", "0"}, {"path", "2.mp4"}}}) == "");
  CHECK(found(clips, {.least = 0.35F, .unit = AnswerUnit::kRow}) == "0:0.50[0-4] 1:0.40[0-4]");
  const Index index = Index::open(clips.path());
  CHECK(Search(index, {.where = {{"start_ms", "0"}}}).rows() == 2);
}

TEST_CASE("search: queries of one call get the answers that each gets alone") {
  std::mt19937 random(7);
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/x.index";
  {
    IndexWriter writer(path);
    writer.begin(test::settings());
    for (int i = 0; i < 300; ++i) test::add_item(writer, random, 1 + i % 3);
    writer.finish();
  }
  const Index index = Index::open(path);
  const Search search(index, {.k = 7, .unit = AnswerUnit::kItem, .threads = 2});
  std::vector<float> all;
  for (int i = 0; i < 20; ++i) {
    const std::vector<float> one = test::unit_vector(random, 4);
    all.insert(all.end(), one.begin(), one.end());
  }
  const auto together = search.answers(all);
  REQUIRE(together.size() == 20);
  for (std::size_t i = 0; i < together.size(); ++i) {
    CHECK(together[i].size() == 7);
    CHECK(search.answers(std::span(all).subspan(i * 4, 4)).front() == together[i]);
  }
}

TEST_CASE("search: what cannot be searched for is told") {
  const Clips clips({{{0, 4, 0.5F}}});
  const Index index = Index::open(clips.path());
  const Search search(index, {});
  const auto refusal = [&](const std::vector<float>& query) { return test::refusal([&] { search.answers(query); }); };
  CHECK(refusal({1, 0, 0}) ==
        "invalid_input: the query has 3 numbers, the vectors of index '" + clips.path() + "' have 2");
  CHECK(refusal({1, std::nanf("")}) == "invalid_input: the query's vector has numbers that are not finite");
  CHECK(refusal({0, 0}) == "invalid_input: the query's vector is zero and is near to nothing");
  CHECK(test::refusal([&] { Search(index, {.k = 0}); }) == "invalid_argument: k must be at least 1, found 0");
}

TEST_CASE("search: an index without times has no moments") {
  std::mt19937 random(7);
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/x.index";
  {
    IndexWriter writer(path);
    writer.begin(test::settings());
    test::add_item(writer, random, 2);
    writer.finish();
  }
  const Index index = Index::open(path);
  CHECK(!has_times(index));
  CHECK(test::refusal([&] { Search(index, {.unit = AnswerUnit::kMoment}); }) ==
        "invalid_argument: index '" + path +
            "' has no moments: its rows lack 'start_ms' and 'end_ms'; search for rows or clips");
}
