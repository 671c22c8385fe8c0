// Windows by count and by time. The expected ones of the first test are Towhee's: data/towhee_windows.py.
#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "graphs.h"
#include "pipelines.h"

using test::fault;
using test::one;
using test::open;

namespace {

std::string windows_of(const std::string& window, const std::string& times) {
  pipit::Pipeline pipeline = open(R"(
inputs: {text: string}
nodes:
  - {name: times, op: test/text.times, in: text, out: time}
  - {name: gather, op: test/text.gather, in: time, out: window, window: )" +
                                  window + "}\noutputs: [window]\n");
  return one(pipeline, times);
}

}  // namespace

TEST_CASE("window: rows are grouped as by Towhee") {
  std::ifstream file(PIPIT_TEST_DATA "/towhee_windows.json");
  const auto cases = nlohmann::json::parse(file);
  CHECK(cases.size() == 320);
  for (const auto& test : cases) {
    const auto number_list = [](const nlohmann::json& numbers, const char* between) {
      std::string text;
      for (const auto& number : numbers) text += (text.empty() ? "" : between) + number.dump();
      return text;
    };
    std::string expected;
    for (const auto& window : test["windows"]) expected += (expected.empty() ? "" : " ") + number_list(window, ",");
    const std::string key = test["by_time"].get<bool>() ? "seconds" : "size";
    const std::string by = test["by_time"].get<bool>() ? ", by: time" : "";
    const std::string yaml = fmt::format("{{{}: {}, step: {}{}}}", key, test["size"].dump(), test["step"].dump(), by);
    CAPTURE(yaml);
    CHECK(windows_of(yaml, number_list(test["times"], " ")) == "window=[" + expected + "]");
  }
}

TEST_CASE("window: step is the size where it is not given") {
  CHECK(windows_of("{size: 2}", "1 2 3 4 5") == "window=[1,2 3,4 5]");
  CHECK(windows_of("{seconds: 0.1, by: time}", "0 50 100 299 300") == "window=[0,50 100 299 300]");
}

TEST_CASE("window: times that go back or are none fail the item") {
  CHECK(windows_of("{seconds: 1, by: time}", "0 80 40") ==
        "gather: invalid_input: a window by time needs times that do not go back, found 40 ms after 80 ms");
  CHECK(windows_of("{seconds: 1, by: time}", "0 nan") ==
        "gather: invalid_input: a window by time needs a time in milliseconds for each row, found none");
  CHECK(windows_of("{seconds: 1, by: time}", "1e300") ==
        "gather: invalid_input: a window by time needs a time in milliseconds for each row, found 1e+300");
  CHECK_MESSAGE(windows_of("{seconds: 1, by: time}", "-40 0 10") == "window=[0,10]", "windows begin at 0");
  CHECK_MESSAGE(windows_of("{seconds: 0.001, by: time}", "0 8e15") == "window=[0 8000000000000000]",
                "a gap takes no time");
}

TEST_CASE("window: by count inside rows starts afresh for each of them and stands beside a value") {
  pipit::Pipeline pipeline = open(R"(
inputs: {text: string}
nodes:
  - {name: long, op: test/text.words, in: text, out: line}
  - {name: words, op: test/text.words, in: line, out: word}
  - {name: join, op: test/text.join, in: [word, line], out: pairs, window: {size: 2, step: 1}}
  - {name: all, op: test/text.join, in: [pairs, text], out: joined}
outputs: [pairs, joined]
)");
  CHECK(one(pipeline, "a b") == "pairs=[a/a b/b] joined=[a b/a/a a b/b/b]");
  CHECK(one(pipeline, "") == "pairs=[] joined=[]");
}

TEST_CASE("window: what a filter kept makes windows of its own") {
  pipit::Pipeline pipeline = open(R"(
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: cut, op: test/text.longer, in: word, keep: word, args: {than: 1}}
  - {name: join, op: test/text.join, in: [word, text], out: pair, window: {size: 2}}
outputs: [pair]
)");
  CHECK(one(pipeline, "aa b cc d ee") == "pair=[aa b cc d ee/aa/cc aa b cc d ee/ee]");
  CHECK(one(pipeline, "a b") == "pair=[]");
}

TEST_CASE("window: rows of a long item pass through and never wait as a whole") {
  pipit::Options options;
  pipit::Pipeline pipeline = open(R"(
inputs: {text: int}
nodes:
  - {name: count, op: test/text.count, in: text, out: number}
  - {name: gather, op: test/text.crowd, in: number, out: size, window: {size: 1000, step: 500}, args: {modality: window}}
outputs: [size]
)",
                                  options);
  const auto result = pipeline.call({{"text", 100000}});
  REQUIRE_FALSE(result.error);
  CHECK(result.outputs[0].list().size() == 200);
}

TEST_CASE("window: the column of times must have times of the same rows") {
  const auto with = [](const std::string& keys) {
    return fault(R"(
inputs: {text: string}
nodes:
  - {name: times, op: test/text.times, in: text, out: time}
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: gather, op: test/text.gather, in: time, out: window, )" +
                 keys + "}\noutputs: [window, word]\n");
  };
  CHECK(with("window: {seconds: 1}") ==
        "f.yaml:6: node 'gather': 'window' by time reads no frames; name a column of times in ms, {seconds: …, by: "
        "COLUMN}");
  CHECK(with("window: {seconds: 1, by: text}") ==
        "f.yaml:6: node 'gather': 'window.by' takes times in ms (int, float) or frames, 'text' gives string");
  CHECK(with("window: {seconds: 1, by: tme}") == "f.yaml:6: node 'gather': no column 'tme'; did you mean 'time'?");
}
