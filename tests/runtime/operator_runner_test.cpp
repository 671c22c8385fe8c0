// pipit/testing.h: one operator alone is found, bound, called and judged as in a pipeline.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "pipelines.h"
#include "pipit/testing.h"

using pipit::Error;
using pipit::Value;
using pipit::testing::ItemResult;
using pipit::testing::OperatorRunner;
using pipit::testing::Rows;
using pipit::testing::RunnerOptions;

namespace {

OperatorRunner runner(const std::string& name, const OperatorRunner::Arguments& arguments = {},
                      RunnerOptions options = {}) {
  options.operator_path.emplace_back(PIPIT_TEST_OPERATORS);
  return OperatorRunner("test/text." + name, arguments, options);
}

/// "code: message" of what a call throws.
template <class F>
std::string thrown(F&& call) {
  try {
    call();
  } catch (const Error& e) {
    return e.code() + ": " + e.what();
  }
  return "nothing";
}

std::string text_of(const std::optional<Error>& error) {
  return error ? error->code() + ": " + error->what() : "none";
}

/// The first values of rows out, between commas.
std::string firsts(const Rows& rows) {
  std::string text;
  for (const auto& row : rows) text += (text.empty() ? "" : ",") + test::text_of(row.at(0));
  return text;
}

}  // namespace

TEST_CASE("runner: rows out stand by the row in that they were emitted for") {
  OperatorRunner words = runner("words");
  const ItemResult item = words.item({{"a b"}, {""}, {"c"}});
  REQUIRE(item.rows.size() == 3);
  CHECK(firsts(item.rows[0].outputs) == "a,b");
  CHECK(firsts(item.rows[1].outputs) == "");
  CHECK(firsts(item.rows[2].outputs) == "c");
  CHECK(item.end.outputs.empty());
  CHECK(item.error() == nullptr);
  CHECK(firsts(item.outputs()) == "a,b,c");
  CHECK(words.item({}).rows.empty());
}

TEST_CASE("runner: a row that fails has its error and the rows beside it have their results") {
  OperatorRunner upper = runner("upper");
  const ItemResult item = upper.item({{"a"}, {"bad"}, {"?"}, {"#"}, {"b"}});
  CHECK(firsts(item.rows[0].outputs) == "A");
  CHECK(text_of(item.rows[1].error) == "bad_text: 'bad' is bad");
  CHECK(text_of(item.rows[2].error) == "operator_failed: threw something that is not a std::exception");
  CHECK(text_of(item.rows[3].error) == "operator_failed: a hash");
  CHECK(firsts(item.rows[4].outputs) == "B");
  CHECK(item.error() == &*item.rows[1].error);
  CHECK(thrown([&] { item.outputs(); }) == "bad_text: 'bad' is bad");
}

TEST_CASE("runner: arguments are bound as a pipeline binds them") {
  OperatorRunner upper =
      runner("upper", {{"suffix", "12"}, {"args", Value::map({{"times", 2}})}, {"style", "loud"}, {"file", "a/b"}},
             {.folder = "/folder"});
  CHECK(firsts(upper.item({{"x"}}).outputs()) == "XX12!/folder/a/b");
  const Value bound = upper.arguments();
  CHECK(bound.map_size() == 4);
  CHECK(bound.get("suffix").string() == "12");
  CHECK(bound.get("times").integer() == 2);

  const Value defaults = runner("talker").arguments();
  CHECK(defaults.get("copies").integer() == 1);
  CHECK(defaults.get("factor").number() == 0.5);
  CHECK(defaults.get("needs").is_null());
  CHECK(defaults.get("names").list().empty());
  const Value given =
      runner("talker", {{"factor", 3.0}, {"names", Value::list({"1", "a: b"})}, {"length", nullptr}}).arguments();
  CHECK(given.get("factor").number() == 3);
  CHECK(given.get("names").list()[0].string() == "1");
  CHECK(given.get("names").list()[1].string() == "a: b");
  CHECK(runner("talker", {{"factor", 1e300}}).arguments().get("factor").number() == 1e300);
}

TEST_CASE("runner: all wrong arguments are told at once and nothing is constructed") {
  CHECK(thrown([] {
          runner("talker", {{"copies", 10}, {"factr", 1}, {"names", "a"}, {"length", "6"}, {"needs", "no/file"}});
        }) ==
        "invalid_argument: operator 'test/text.talker' has no argument 'factr' (it takes 'copies', 'length', 'factor', "
        "'names' and "
        "'needs'); did you mean 'factor'?\n"
        "argument 'copies' takes an int from 0 to 9, found 10\n"
        "argument 'length' takes an int, found '6'\n"
        "argument 'names' takes a list of strings, found 'a'\n"
        "argument 'needs': './no/file' does not exist");
  CHECK(thrown([] { runner("rogue"); }) ==
        "invalid_argument: operator 'test/text.rogue' needs argument 'how' "
        "(enum(none|two|type|complex|constructor|slow|good)): what to do wrong");
  CHECK(thrown([] {
          runner("upper", {{"suffix", Value::bytes({})}});
        }) == "invalid_argument: argument 'suffix' is given bytes, which a pipeline file cannot say");
  CHECK(thrown([] { runner("upper", {}, {.threads = -1}); }) ==
        "invalid_argument: threads must be at least 0, found -1");
}

TEST_CASE("runner: an operator that is not there or does not want to be is an error") {
  CHECK(thrown([] {
          runner("uper");
        }).starts_with("not_found: no operator 'test/text.uper'; did you mean 'test/text.upper'? searched: "));
  CHECK(thrown([] { runner("rogue", {{"how", "constructor"}}); }) == "not_found: weights 'w' do not exist");
}

TEST_CASE("runner: an argument chooses the ports") {
  OperatorRunner row = runner("crowd");
  CHECK(firsts(row.item({{"a"}}).outputs()) == "1");
  OperatorRunner window = runner("crowd", {{"modality", "window"}});
  CHECK(firsts(window.item({{Value::list({"a", "b"})}, {Value::list({})}}).outputs()) == "2,2");
  CHECK(thrown([&] { window.item({{"a"}}); }) == "invalid_input: row 0: input 'text' takes list<any>, found string");
}

TEST_CASE("runner: calls are as large as the operator takes them") {
  OperatorRunner crowd = runner("crowd");
  CHECK(firsts(crowd.item({{1}, {2}, {3}, {4}, {5}}).outputs()) == "4,4,4,4,1");
  // What is thrown out of a call is the error of all its rows.
  const ItemResult item = crowd.item({{1}, {"bad"}, {3}, {4}, {5}});
  for (std::size_t row = 0; row < 4; ++row) CHECK(text_of(item.rows[row].error) == "bad_text: one of 4 texts is bad");
  CHECK(firsts(item.rows[4].outputs) == "1");

  OperatorRunner half = runner("half");
  Rows numbers;
  for (int i = 0; i < 20; ++i) numbers.push_back({i});
  const ItemResult halves = half.item(numbers);
  for (int i = 0; i < 20; ++i) {
    const auto& row = halves.rows[static_cast<std::size_t>(i)];
    if (i % 2 == 0) {
      CHECK(firsts(row.outputs) == std::to_string(i / 2));
    } else {
      CHECK(text_of(row.error) == "odd: " + std::to_string(i) + " is odd");
    }
  }
}

TEST_CASE("runner: an item of a per_item operator has its own instance and an end") {
  OperatorRunner second = runner("every_second");
  for (int time = 0; time < 2; ++time) {
    const ItemResult item = second.item({{"a"}, {"b"}, {"c"}});
    CHECK(firsts(item.rows[0].outputs) == "a");
    CHECK(firsts(item.rows[1].outputs) == "");
    CHECK(firsts(item.end.outputs) == "of 3");
    CHECK(firsts(item.outputs()) == "a,c,of 3");
  }
  OperatorRunner length = runner("length");
  CHECK(firsts(length.item({{"ab"}, {"c"}}).end.outputs) == "3");
  CHECK(firsts(length.item({}).outputs()) == "0");
}

TEST_CASE("runner: the error of a later instance is that of its item") {
  const std::string file = PIPIT_TEST_BUILD "/needed";
  std::ofstream(file) << "there";
  OperatorRunner talker = runner("talker", {{"needs", file}});
  CHECK(talker.item({{"a"}}).error() == nullptr);
  std::filesystem::remove(file);
  const ItemResult item = talker.item({{"a"}, {"b"}});
  CHECK(text_of(item.rows[0].error) == "not_found: no file '" + file + "' any more");
  CHECK(text_of(item.rows[1].error) == text_of(item.rows[0].error));
  CHECK(text_of(item.end.error) == text_of(item.rows[0].error));
  CHECK(item.warnings == std::vector<std::string>{"constructed"});
  std::ofstream(file) << "there again";
  CHECK(firsts(talker.item({{"a"}}).outputs()) == "1a,1 texts");
  std::filesystem::remove(file);
}

TEST_CASE("runner: rows out that are not what the signature says fail their row") {
  const auto error = [](const std::string& how) {
    return text_of(runner("rogue", {{"how", how}}).item({{"a"}}).rows[0].error);
  };
  CHECK(error("good") == "none");
  CHECK(error("none") == "operator_failed: operator 'test/text.rogue' gave 0 rows for row 0, where it must give 1");
  CHECK(error("two") == "operator_failed: operator 'test/text.rogue' gave 2 rows for row 0, where it must give 1");
  CHECK(error("type") == "operator_failed: operator 'test/text.rogue' gave int for its output 'text', which is string");
  const ItemResult counted = runner("miscount").item({{"ab"}, {"a"}});
  CHECK(counted.rows[0].outputs[0][1].integer() == 2);
  CHECK(text_of(counted.rows[1].error) ==
        "operator_failed: the operator emitted 1 value for a row, it has 2 output ports");
}

TEST_CASE("runner: many rows out must come in the order of the rows in as in a pipeline") {
  const ItemResult item = runner("backwards").item({{"a"}, {"b"}});
  CHECK(text_of(item.rows[0].error) == "operator_failed: operator 'test/text.backwards' gave rows out of order");
  CHECK(text_of(item.rows[1].error) == "none");
  pipit::Pipeline pipeline = test::open(R"(
inputs: {text: string}
nodes:
  - {name: split, op: test/text.words, in: text, out: word}
  - {name: back, op: test/text.backwards, in: word, out: word}
outputs: [word]
)");
  CHECK(test::one(pipeline, "a b") == "back: operator_failed: operator 'test/text.backwards' gave rows out of order");
}

TEST_CASE("runner: values must be of the type that the operator says once it is constructed") {
  OperatorRunner talker = runner("talker", {{"length", 6}});
  CHECK(talker.output_type(0) == "string");
  CHECK(talker.output_type(1) == "tensor<f32>[6]");
  CHECK(thrown([&] { talker.output_type(2); }) ==
        "invalid_argument: operator 'test/text.talker' has 2 output ports, found port 2");
  const ItemResult item = talker.item({{"sixish"}, {"a"}});
  CHECK(text_of(item.rows[0].error) == "none");
  CHECK(text_of(item.rows[1].error) ==
        "operator_failed: operator 'test/text.talker' gave tensor<f32>[1] for its output 'codes', which it says is "
        "tensor<f32>[6]");
  CHECK(runner("talker").output_type(1) == "tensor<f32>[?]");
}

TEST_CASE("runner: an exception that comes through an operator's table is the error of the rows") {
  const ItemResult item = runner("thrower").item({{"a"}, {"b"}});
  CHECK(text_of(item.rows[0].error) == "operator_failed: through the table");
  CHECK(text_of(item.rows[1].error) == "operator_failed: through the table");
}

TEST_CASE("runner: rows that a pipeline would not give are refused before the operator sees them") {
  OperatorRunner pair = runner("pair");
  CHECK(thrown([&] {
          pair.item({{"a", "b"}, {"a"}});
        }) == "invalid_input: row 1: operator 'test/text.pair' takes 2 values a row, found 1");
  CHECK(thrown([&] { pair.item({{"a", 7}}); }) == "invalid_input: row 0: input 'b' takes string, found int");
  OperatorRunner zip = runner("zip");
  CHECK(firsts(zip.item({{Value::list({"a"}), Value::list({"b"})}}).outputs()) == "/a:b");
  CHECK(thrown([&] {
          zip.item({{Value::list({"a"}), Value::list({})}});
        }) == "invalid_input: row 0: windows of one row are of one size, found 1 in 'a' and 0 in 'b'");
}

TEST_CASE("runner: an operator is told that nobody wants more") {
  OperatorRunner talker = runner("talker", {{"copies", 3}});
  talker.stop_after(4);
  const ItemResult item = talker.item({{"a"}, {"b"}});
  CHECK(firsts(item.outputs()) == "1a,1a,1a,2b");
  CHECK(item.counters ==
        std::vector<std::pair<std::string, std::int64_t>>{{"emitted", 4}, {"stopped", 1}, {"texts", 2}});
  talker.stop_after(0);
  CHECK(talker.item({{"a"}}).outputs().empty());
}

TEST_CASE("runner: what an operator tells is kept by item and altogether") {
  OperatorRunner talker = runner("talker", {}, {.node = "embed", .threads = 3});
  CHECK(talker.warnings() == std::vector<std::string>{"constructed"});
  CHECK(talker.facts().get("node").string() == "embed");
  CHECK(talker.facts().get("threads").integer() == 3);
  const ItemResult first = talker.item({{"a"}, {""}, {""}});
  CHECK(first.warnings == std::vector<std::string>{"an empty text"});
  const ItemResult second = talker.item({{"a"}});
  CHECK(second.warnings == std::vector<std::string>{"constructed"});
  CHECK(second.counters ==
        std::vector<std::pair<std::string, std::int64_t>>{{"emitted", 1}, {"stopped", 0}, {"texts", 1}});
  CHECK(talker.warnings() == std::vector<std::string>{"constructed", "an empty text"});
  CHECK(talker.counters() ==
        std::vector<std::pair<std::string, std::int64_t>>{{"emitted", 4}, {"stopped", 0}, {"texts", 4}});
  CHECK(runner("words").facts().is_null());
}

TEST_CASE("runner: results outlive the runner and runners move") {
  ItemResult item;
  {
    OperatorRunner first = runner("upper");
    OperatorRunner second = std::move(first);
    first = runner("words");
    item = second.item({{"a"}});
    CHECK(firsts(first.item({{"a b"}}).outputs()) == "a,b");
  }
  CHECK(firsts(item.outputs()) == "A");
}

TEST_CASE("runner: an operator gives alone what it gives in a pipeline") {
  OperatorRunner second = runner("every_second");
  pipit::Pipeline pipeline = test::open(R"(
inputs: {text: string}
nodes:
  - {name: split, op: test/text.words, in: text, out: word}
  - {name: second, op: test/text.every_second, in: word, out: word}
outputs: [word]
)");
  const pipit::Result result = pipeline.call({{"text", "a b c d"}});
  REQUIRE(!result.error);
  Rows rows;
  for (const Value& word : result.at("word").list()) rows.push_back({word});
  CHECK(firsts(second.item({{"a"}, {"b"}, {"c"}, {"d"}}).outputs()) == firsts(rows));
}

TEST_CASE("runner: an operator that emits from two threads at once is told so") {
  OperatorRunner astray = runner("astray");
  CHECK(firsts(astray.item({{"a"}}).outputs()) == "a");
  const ItemResult item = astray.item({{"!b"}});
  REQUIRE(item.error() != nullptr);
  CHECK(std::string(item.error()->what()) ==
        "operator 'test/text.astray' emitted from another thread than the one that was called; collect what other "
        "threads make, and emit it before the call returns");
}
