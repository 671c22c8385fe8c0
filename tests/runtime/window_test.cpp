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
        "gather: invalid_input: a window with times needs a time in milliseconds for each row, found none");
  CHECK(windows_of("{seconds: 1, by: time}", "1e300") ==
        "gather: invalid_input: a window with times needs a time in milliseconds for each row, found 1e+300");
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
        "f.yaml:6:73: node 'gather': 'window' by time reads no frames; name a column of times in ms, {seconds: …, by: "
        "COLUMN}\n"
        "      - {name: gather, op: test/text.gather, in: time, out: window, window: {seconds: 1}}\n"
        "                                                                            ^");
  CHECK(with("window: {seconds: 1, by: text}") ==
        "f.yaml:6:90: node 'gather': 'window.by' takes times in ms (int, float) or frames, 'text' gives string\n"
        "      - {name: gather, op: test/text.gather, in: time, out: window, window: {seconds: 1, by: text}}\n"
        "                                                                                             ^");
  CHECK(with("window: {seconds: 1, by: tme}") ==
        "f.yaml:6:90: node 'gather': no column 'tme'; did you mean 'time'?\n"
        "      - {name: gather, op: test/text.gather, in: time, out: window, window: {seconds: 1, by: tme}}\n"
        "                                                                                             ^");
}

namespace {

/// What a window's columns say: "film start-end:rows" for each window of frames at these times.
std::string facts_of(const std::string& window, const std::string& times) {
  pipit::Pipeline pipeline = open(R"(
inputs: {text: string}
nodes:
  - {name: pictures, op: test/text.pictures, in: text, out: frame}
  - {name: film, op: test/text.film, in: frame, out: film, window: )" +
                                  window + "}\noutputs: [film, start_ms, end_ms, frames]\n");
  return one(pipeline, times);
}

}  // namespace

TEST_CASE("window facts: windows by time have their edges and the number of their rows") {
  CHECK(facts_of("{seconds: 5, start: start_ms, end: end_ms, rows: frames}", "0 1000 4999 5000 9999 10000 12000") ==
        "film=[0,1000,4999 5000,9999 10000,12000] start_ms=[0 5000 10000] end_ms=[5000 10000 15000] frames=[3 2 2]");
  CHECK(facts_of("{seconds: 2, step: 1, start: start_ms, end: end_ms, rows: frames}", "0 500 1000 1500 2000") ==
        "film=[0,500,1000,1500 1000,1500,2000 2000] start_ms=[0 1000 2000] end_ms=[2000 3000 4000] frames=[4 3 1]");
  CHECK_MESSAGE(facts_of("{seconds: 1, start: start_ms, end: end_ms, rows: frames}", "0 3500 3600") ==
                    "film=[0 3500,3600] start_ms=[0 3000] end_ms=[1000 4000] frames=[1 2]",
                "windows without rows are left out");
  CHECK_MESSAGE(facts_of("{seconds: 0.0333, start: start_ms, end: end_ms, rows: frames}", "0 33.2 33.4 70") ==
                    "film=[0,33 33 70] start_ms=[0 33 67] end_ms=[33 67 100] frames=[2 1 1]",
                "edges are told to the millisecond");
  CHECK(facts_of("{seconds: 1, start: start_ms, end: end_ms, rows: frames}", "") ==
        "film=[] start_ms=[] end_ms=[] frames=[]");
}

TEST_CASE("window facts: windows by count begin and end with the times of their rows") {
  CHECK(facts_of("{size: 2, start: start_ms, end: end_ms, rows: frames}", "40 80.4 120.6 160 200") ==
        "film=[40,80 121,160 200] start_ms=[40 121 200] end_ms=[80 160 200] frames=[2 2 1]");
  CHECK(facts_of("{size: 3, step: 1, start: start_ms, end: end_ms, rows: frames}", "0 40 80 120") ==
        "film=[0,40,80 40,80,120 80,120 120] start_ms=[0 40 80 120] end_ms=[80 120 120 120] frames=[3 3 2 1]");
  CHECK(facts_of("{size: 1, step: 2, start: start_ms, end: end_ms, rows: frames}", "0 40 80 120 160") ==
        "film=[0 80 160] start_ms=[0 80 160] end_ms=[0 80 160] frames=[1 1 1]");
}

TEST_CASE("window facts: a window of all rows has the times of the first and the last") {
  CHECK(facts_of("{size: all, start: start_ms, end: end_ms, rows: frames}", "40 80 120") ==
        "film=40,80,120 start_ms=40 end_ms=120 frames=3");
  CHECK_MESSAGE(
      facts_of("{size: all, start: start_ms, end: end_ms, rows: frames}", "") == "film= start_ms=0 end_ms=0 frames=0",
      "an empty one has no times");
}

TEST_CASE("window facts: one alone and times of a column and a fact that another node reads") {
  pipit::Pipeline pipeline = open(R"(
inputs: {text: string}
nodes:
  - {name: times, op: test/text.times, in: text, out: time}
  - {name: gather, op: test/text.gather, in: time, out: window, window: {size: 2, by: time, end: last, rows: n}, replicas: 2}
  - {name: half, op: test/text.half, in: n, out: halves}
  - {name: crowd, op: test/text.gather, in: last, out: lasts}
outputs: [window, last, halves, lasts]
)");
  CHECK(one(pipeline, "10 20 30 40") == "window=[10,20 30,40] last=[20 40] halves=[1 1] lasts=20,40");
}

TEST_CASE("window facts: they pass the border of a pipeline that is used as a node") {
  std::ofstream(PIPIT_TEST_BUILD "/moments.yaml") << R"(pipit: 1
inputs: {text: string}
nodes:
  - {name: pictures, op: test/text.pictures, in: text, out: frame}
  - {name: film, op: test/text.film, in: frame, out: film, window: {seconds: 1, start: start_ms, end: end_ms}}
outputs: [film, start_ms, end_ms]
)";
  pipit::Pipeline pipeline = open(R"(
inputs: {text: string}
nodes:
  - {name: moments, op: pipeline, in: text, out: [film, begin, finish], args: {file: )" PIPIT_TEST_BUILD
                                  R"(/moments.yaml}}
outputs: [film, begin, finish]
)");
  CHECK(one(pipeline, "0 1500") == "film=[0 1500] begin=[0 1000] finish=[1000 2000]");
}

TEST_CASE("window facts: a failed item costs no other its windows") {
  pipit::Pipeline pipeline = open(R"(
inputs: {text: string}
nodes:
  - {name: times, op: test/text.times, in: text, out: time}
  - {name: gather, op: test/text.gather, in: time, out: window, window: {size: 2, by: time, start: begin}}
outputs: [window, begin]
)");
  CHECK(test::items(pipeline, {"1 2 3", "1 nan", "4"}) ==
        "0 window=[1,2 3] begin=[1 3]\n"
        "1 gather: invalid_input: a window with times needs a time in milliseconds for each row, found none\n"
        "2 window=[4] begin=[4]\n");
}

TEST_CASE("window facts: what is wrong with them is told") {
  const auto with = [](const std::string& window, const std::string& more = "") {
    return fault(R"(
inputs: {text: string}
nodes:
  - {name: times, op: test/text.times, in: text, out: time}
  - {name: gather, op: test/text.gather, in: time, out: window, window: )" +
                 window + "}\n" + more + "outputs: [window]\n");
  };
  CHECK(with("{size: 2, start: a}") ==
        "f.yaml:5:73: node 'gather': 'window' with 'start' or 'end' reads no frames; name a column of times in ms, {…, "
        "by: COLUMN}\n"
        "      - {name: gather, op: test/text.gather, in: time, out: window, window: {size: 2, start: a}}\n"
        "                                                                            ^");
  CHECK(with("{size: 2, by: time}") ==
        "f.yaml:5:87: node 'gather': 'window.by' serves windows by time, 'start' and 'end'; remove it\n"
        "      - {name: gather, op: test/text.gather, in: time, out: window, window: {size: 2, by: time}}\n"
        "                                                                                          ^");
  CHECK(with("{size: 2, rows: window}") ==
        "f.yaml:5:89: node 'gather': 'window.rows' names 'window', which the node gives already\n"
        "      - {name: gather, op: test/text.gather, in: time, out: window, window: {size: 2, rows: window}}\n"
        "                                                                                            ^");
  CHECK(with("{size: 2, rows: item}") ==
        "f.yaml:5:89: node 'gather': column 'item' has the name of a field of every result line; choose another\n"
        "      - {name: gather, op: test/text.gather, in: time, out: window, window: {size: 2, rows: item}}\n"
        "                                                                                            ^");
  CHECK(with("{size: 2, rows: [a, b]}") ==
        "f.yaml:5:89: node 'gather': 'window.rows' names one column, found 2\n"
        "      - {name: gather, op: test/text.gather, in: time, out: window, window: {size: 2, rows: [a, b]}}\n"
        "                                                                                            ^");
  CHECK(with("{size: 2, row: n}") ==
        "f.yaml:5:83: node 'gather': 'window': no key 'row' (the keys are 'size', 'step', 'by', 'start', 'end' and "
        "'rows'); did you mean 'rows'?\n"
        "      - {name: gather, op: test/text.gather, in: time, out: window, window: {size: 2, row: n}}\n"
        "                                                                                      ^");
  CHECK(with("{size: 2, rows: n}", "  - {name: up, op: test/text.upper, in: n, out: loud}\n") ==
        "f.yaml:6:41: node 'up': input 'text' takes string, 'gather.n' gives int\n"
        "      - {name: up, op: test/text.upper, in: n, out: loud}\n"
        "                                            ^");
}

TEST_CASE("window: many long windows that end together are given a few at a time") {
  pipit::Pipeline pipeline = open(R"(
inputs: {text: int}
nodes:
  - {name: count, op: test/text.count, in: text, out: number}
  - {name: by_count, op: test/text.crowd, in: number, out: a, window: {size: 3000, step: 1, rows: n}, args: {modality: window}}
  - {name: by_time, op: test/text.crowd, in: number, out: b, window: {seconds: 3, step: 0.001, by: number, rows: m}, args: {modality: window}}
outputs: [n, m]
)");
  for (int round = 0; round < 2; ++round) {
    const auto result = pipeline.call({{"text", 3000}});
    REQUIRE_FALSE(result.error);
    for (const pipit::Value& sizes : result.outputs) {
      REQUIRE(sizes.list().size() == 3000);
      for (std::size_t i = 0; i < 3000; ++i) CHECK(sizes.list()[i].integer() == static_cast<std::int64_t>(3000 - i));
    }
  }
}
