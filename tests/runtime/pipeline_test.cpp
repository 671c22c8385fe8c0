#include "pipit/pipeline.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "pipelines.h"

using pipit::Pipeline;
using pipit::Result;
using pipit::Value;
using test::items;
using test::one;
using test::open;

TEST_CASE("pipeline: a map gives one row for one row") {
  Pipeline pipeline = open(R"(
inputs: {text: string}
nodes:
  - {name: up, op: test/text.upper, in: text, out: loud}
outputs: [text, loud]
)");
  CHECK(one(pipeline, "a dog") == R"(text=a dog loud=A DOG)");
}

TEST_CASE("pipeline: a flat map's rows are a list") {
  Pipeline pipeline = open(R"(
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: up, op: test/text.upper, in: word, out: word}
outputs: [word]
)");
  CHECK(one(pipeline, "a big dog") == "word=[A BIG DOG]");
  CHECK(one(pipeline, "") == "word=[]");
}

TEST_CASE("pipeline: a window collects all rows and stands beside one value") {
  Pipeline pipeline = open(R"(
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: join, op: test/text.join, in: [word, text], out: joined}
outputs: [joined]
)");
  CHECK(one(pipeline, "a big dog") == "joined=a big dog/a/big/dog");
  CHECK(one(pipeline, "") == "joined=");
}

TEST_CASE("pipeline: a window over items takes the item's one row") {
  Pipeline pipeline = open(R"(
inputs: {text: string}
nodes:
  - {name: join, op: test/text.join, in: {prefix: text, words: text}, out: joined}
outputs: [joined]
)");
  CHECK(one(pipeline, "dog") == "joined=dog/dog");
}

TEST_CASE("pipeline: a filter keeps the rows and an ancestor's value is repeated") {
  Pipeline pipeline = open(R"(
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: up, op: test/text.upper, in: word, out: loud}
  - {name: cut, op: test/text.longer, in: word, keep: word, args: {than: 1}}
  - {name: both, op: test/text.pair, in: [word, loud], out: pair}
  - {name: with_item, op: test/text.pair, in: [pair, text], out: pair}
outputs: [word, pair]
)");
  CHECK(one(pipeline, "a big x dog") == "word=[big dog] pair=[big+BIG+a big x dog dog+DOG+a big x dog]");
  CHECK(one(pipeline, "a x") == "word=[] pair=[]");
}

TEST_CASE("pipeline: a window after a filter collects what was kept of all rows") {
  Pipeline pipeline = open(R"(
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: cut, op: test/text.longer, in: word, keep: word, args: {than: 1}}
  - {name: cut_again, op: test/text.longer, in: word, keep: word, args: {than: 2}}
  - {name: join, op: test/text.join, in: [word, text], out: joined}
  - {name: length, op: test/text.length, in: word, out: bytes}
  - {name: second, op: test/text.every_second, in: word, out: second}
outputs: [joined, bytes, second]
)");
  CHECK(one(pipeline, "a big x dog to run") == "joined=a big x dog to run/big/dog/run bytes=9 second=[big run of 3]");
  CHECK(one(pipeline, "a x") == "joined=a x bytes=0 second=[of 0]");
}

TEST_CASE("pipeline: a bool operator without keep is a map") {
  Pipeline pipeline = open(R"(
inputs: {text: string}
nodes:
  - {name: long, op: test/text.longer, in: text, out: is_long}
outputs: [is_long]
)");
  CHECK(one(pipeline, "abcd") == "is_long=true");
}

TEST_CASE("pipeline: a window inside rows returns to those rows even when they have none") {
  Pipeline pipeline = open(R"(
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: again, op: test/text.words, in: word, out: part}
  - {name: cut, op: test/text.longer, in: part, keep: part, args: {than: 2}}
  - {name: join, op: test/text.join, in: [part, word], out: joined}
outputs: [joined]
)");
  CHECK_MESSAGE(one(pipeline, "a big x dog") == "joined=[a big/big x dog/dog]", "an empty window is a window");
}

TEST_CASE("pipeline: reduce gives one row at the end and starts afresh for each item") {
  Pipeline pipeline = open(R"(
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: length, op: test/text.length, in: word, out: bytes}
outputs: [bytes]
)");
  CHECK(one(pipeline, "a big dog") == "bytes=7");
  CHECK(one(pipeline, "") == "bytes=0");
  CHECK(one(pipeline, "dog") == "bytes=3");
}

TEST_CASE("pipeline: a per_item flat map may emit at the end") {
  Pipeline pipeline = open(R"(
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: second, op: test/text.every_second, in: word, out: word}
outputs: [word]
)");
  CHECK(one(pipeline, "a b c d e") == "word=[a c e of 5]");
  CHECK(one(pipeline, "") == "word=[of 0]");
}

TEST_CASE("pipeline: results come in input order and a failed item costs no other its result") {
  Pipeline pipeline = open(R"(
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: up, op: test/text.upper, in: word, out: word}
outputs: [word]
)");
  CHECK(items(pipeline, {"a b", "c bad d", "e", "f ?", "g #", "h"}) ==
        "0 word=[A B]\n"
        "1 up: bad_text: 'bad' is bad\n"
        "2 word=[E]\n"
        "3 up: operator_failed: threw something that is not a std::exception\n"
        "4 up: operator_failed: a hash\n"
        "5 word=[H]\n");
}

TEST_CASE("pipeline: an operator that breaks the rules fails its item and is named") {
  const char* yaml = R"(
inputs: {text: string}
nodes:
  - {name: rogue, op: test/text.rogue, in: text, out: text, args: {how: good}}
outputs: [text]
)";
  const auto with = [&](const char* how) {
    pipit::Options options;
    options.set = {{"rogue.how", how}};
    Pipeline pipeline = open(yaml, options);
    return items(pipeline, {"x"});
  };
  CHECK(with("none") == "0 rogue: operator_failed: operator 'test/text.rogue' gave no row where it must give one\n");
  CHECK(with("two") ==
        "0 rogue: operator_failed: operator 'test/text.rogue' gave more than one row where it must give one\n");
  CHECK(with("type") ==
        "0 rogue: operator_failed: operator 'test/text.rogue' gave int for its output 'text', which is string\n");
  CHECK(with("complex") == "0 rogue: operator_failed: tensor has an element type that pipit does not know\n");
  CHECK_THROWS_WITH_AS(with("constructor"), "pipeline:4: node 'rogue': weights 'w' do not exist", pipit::Error);
}

TEST_CASE("pipeline: a batch of which one row is bad fails that row's item alone") {
  Pipeline pipeline = open(R"(
inputs: {text: int}
nodes:
  - {name: count, op: test/text.count, in: text, out: number}
  - {name: half, op: test/text.half, in: number, out: half}
outputs: [half]
)");
  Result good = pipeline.call({{"text", 1}});
  CHECK(test::text_of(good) == "half=[0]");
  Result bad = pipeline.call({{"text", 20}});
  REQUIRE(bad.error);
  CHECK(bad.error->code == "odd");
  CHECK(bad.error->node == "half");
}

TEST_CASE("pipeline: wrong inputs are the item's error") {
  Pipeline pipeline = open(R"(
inputs: {text: string}
nodes:
  - {name: up, op: test/text.upper, in: text, out: text}
outputs: [text]
)");
  CHECK(test::text_of(pipeline.call({{"text", 7}})) == ": invalid_input: input 'text' takes string, found int");
  CHECK(test::text_of(pipeline.call({})) == ": invalid_input: input 'text' is missing; the pipeline takes 'text'");
  CHECK(test::text_of(pipeline.call({{"text", "a"}, {"txt", 7}})) ==
        ": invalid_input: no input 'txt' (the pipeline takes 'text'); did you mean 'text'?");
}

TEST_CASE("pipeline: many rows pass queues of one row and order is kept by replicas") {
  Pipeline pipeline = open(R"(
inputs: {text: int}
nodes:
  - {name: count, op: test/text.count, in: text, out: number, queue: {items: 1}}
  - {name: half, op: test/text.count, in: number, out: inner, queue: {items: 1}, replicas: 3}
  - {name: up, op: test/text.count, in: inner, out: deep, queue: {items: 1}, replicas: 2}
outputs: [inner]
)");
  for (int i = 0; i < 40; ++i) CHECK(pipeline.push({{"text", i % 7}}));
  pipeline.close();
  for (int i = 0; i < 40; ++i) {
    auto result = pipeline.next();
    REQUIRE(result);
    CHECK(result->item == i);
    CHECK(static_cast<int>(result->outputs[0].list().size()) == (i % 7) * (i % 7 - 1) / 2);
  }
  CHECK_FALSE(pipeline.next());
}

TEST_CASE("pipeline: cancel gives up what is in flight and ends the stream") {
  pipit::Options options;
  options.set = {{"rogue.how", "slow"}};
  Pipeline pipeline = open(R"(
inputs: {text: string}
nodes:
  - {name: rogue, op: test/text.rogue, in: text, out: text, args: {how: good}}
outputs: [text]
)",
                           options);
  auto future = pipeline.submit({{"text", "x"}});
  for (int i = 0; i < 50; ++i) CHECK(pipeline.push({{"text", "y"}}));
  std::thread canceller([&] { pipeline.cancel(); });
  while (pipeline.next()) continue;
  canceller.join();
  const Result result = future.get();
  if (result.error) CHECK(result.error->code == "cancelled");
  CHECK_FALSE(pipeline.push({{"text", "z"}}));
  CHECK(pipeline.call({{"text", "z"}}).error->code == "cancelled");
}

TEST_CASE("pipeline: a join with something collected from the same rows holds them") {
  const char* yaml = R"(
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word, queue: {items: 1}}
  - {name: join, op: test/text.join, in: [word, text], out: joined}
  - {name: both, op: test/text.pair, in: [word, joined], out: pair, hold: {mib: 1}}
outputs: [pair]
)";
  Pipeline pipeline = open(yaml);
  CHECK(one(pipeline, "a b") == "pair=[a+a b/a/b b+a b/a/b]");
  std::string many;
  for (int i = 0; i < 100000; ++i) many += "w" + std::to_string(i) + " ";
  CHECK(one(pipeline, many) ==
        "both: item_too_large: more rows wait here for the whole item than 'hold' allows; raise it");
  CHECK_MESSAGE(one(pipeline, "c") == "pair=[c+c/c]", "the next item is not hurt");
}

TEST_CASE("pipeline: held rows of one item do not cost the next ones their room") {
  Pipeline pipeline = open(R"(
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: slow, op: test/text.sleep, in: text, out: slow, args: {ms: 20}}
  - {name: join, op: test/text.join, in: [word, slow], out: joined}
  - {name: length, op: test/text.length, in: joined, out: bytes}
  - {name: both, op: test/text.pair, in: [word, joined], out: pair, hold: {mib: 0.01}}
outputs: [bytes]
)");
  std::string text;
  for (int i = 0; i < 300; ++i) text += "w ";
  for (int i = 0; i < 20; ++i) CHECK(pipeline.push({{"text", text}}));
  pipeline.close();
  for (int i = 0; i < 20; ++i) CHECK(test::text_of(*pipeline.next()) == "bytes=1200");
}

TEST_CASE("pipeline: counters and rows are told") {
  Pipeline pipeline = open(R"(
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: up, op: test/text.upper, in: word, out: word}
outputs: [word]
)");
  CHECK(items(pipeline, {"a b c", "d bad"}) == "0 word=[A B C]\n1 up: bad_text: 'bad' is bad\n");
  const auto stats = pipeline.stats();
  CHECK(stats[0].name == "words");
  CHECK(stats[0].items == 2);
  CHECK(stats[0].rows_in == 2);
  CHECK(stats[1].failed == 1);
  REQUIRE(stats[1].counters.size() == 1);
  CHECK(stats[1].counters[0] == std::pair<std::string, std::int64_t>("texts", 4));
}

TEST_CASE("pipeline: a thousand come and go") {
  for (int i = 0; i < 1000; ++i) {
    Pipeline pipeline = open(R"(
inputs: {text: string}
nodes:
  - {name: up, op: test/text.upper, in: text, out: text}
outputs: [text]
)");
    if (i % 100 == 0) CHECK(one(pipeline, "a") == "text=A");
  }
}

TEST_CASE("pipeline: an operator that emits from two threads at once loses that item alone") {
  pipit::Pipeline pipeline = test::open(R"(
inputs: {text: string}
nodes:
  - {name: give, op: test/text.astray, in: text, out: same}
outputs: [same]
)");
  CHECK(test::items(pipeline, {"a", "!b", "c"}) ==
        "0 same=[a]\n"
        "1 give: operator_failed: operator 'test/text.astray' emitted from another thread than the one that was "
        "called; collect what other threads make, and emit it before the call returns\n"
        "2 same=[c]\n");
}
