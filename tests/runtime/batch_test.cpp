// One call for rows, or whole windows, of several items.
#include <doctest/doctest.h>

#include <algorithm>

#include "pipelines.h"

using test::items;
using test::open;

namespace {

constexpr const char* kRows = R"(
inputs: {text: string}
nodes:
  - {name: crowd, op: test/text.crowd, in: text, out: size, batch: {max: 3, wait_ms: 200}}
outputs: [size]
)";

}  // namespace

TEST_CASE("batch: rows of several items come in one call which waits for as many as it may have") {
  pipit::Pipeline pipeline = open(kRows);
  CHECK(items(pipeline, {"a", "b", "c", "d", "e"}) == "0 size=3\n1 size=3\n2 size=3\n3 size=2\n4 size=2\n");
}

TEST_CASE("batch: windows of several items come in one call") {
  pipit::Pipeline pipeline = open(R"(
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: crowd, op: test/text.crowd, in: word, out: size, batch: {max: 2, wait_ms: 200}, args: {modality: window}}
outputs: [size]
)");
  CHECK(items(pipeline, {"a b c", "", "d", "e f"}) == "0 size=2\n1 size=2\n2 size=2\n3 size=2\n");
}

TEST_CASE("batch: an operator that fails a whole call costs only the items whose rows fail alone") {
  pipit::Pipeline pipeline = open(kRows);
  CHECK(items(pipeline, {"a", "bad", "c", "bad", "e"}) ==
        "0 size=1\n1 crowd: bad_text: one of 1 texts is bad\n2 size=1\n"
        "3 crowd: bad_text: one of 1 texts is bad\n4 size=1\n");
}

TEST_CASE("batch: rows beside a failed item keep their results") {
  pipit::Pipeline pipeline = open(R"(
inputs: {text: string}
nodes:
  - {name: up, op: test/text.upper, in: text, out: loud}
  - {name: crowd, op: test/text.crowd, in: loud, out: size, batch: {max: 4, wait_ms: 200}}
  - {name: both, op: test/text.pair, in: [text, loud], out: pair}
outputs: [size, pair]
)");
  CHECK(items(pipeline, {"a", "x bad", "b", "c", "d"}) ==
        "0 size=4 pair=a+A\n1 up: bad_text: 'x bad' is bad\n2 size=4 pair=b+B\n3 size=4 pair=c+C\n4 size=4 pair=d+D\n");
}

TEST_CASE("batch: without a wait a call takes what is there and nothing is kept back") {
  pipit::Pipeline pipeline = open(R"(
inputs: {text: string}
nodes:
  - {name: crowd, op: test/text.crowd, in: text, out: size, batch: {max: 1000000}}
outputs: [size]
)");
  CHECK(test::one(pipeline, "a") == "size=1");
}

TEST_CASE("batch: rows without an answer are called for again when a call ends early for another item") {
  pipit::Pipeline pipeline = test::open(R"(
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: hasty, op: test/text.hasty, in: word, out: word, batch: {max: 16, wait_ms: 200}}
outputs: [word]
)");
  CHECK(test::items(pipeline, {"a", "bad x", "y z", "bad", "b"}) ==
        "0 word=[a]\n1 hasty: bad_text: a text is bad\n2 word=[y z]\n3 hasty: bad_text: a text is bad\n4 word=[b]\n");
}

TEST_CASE("batch: rows of many bytes do not wait for a call of many rows") {
  pipit::Pipeline pipeline = test::open(R"(
inputs: {text: string}
nodes:
  - {name: crowd, op: test/text.crowd, in: text, out: size, batch: {max: 1000, wait_ms: 600000}}
outputs: [size]
)");
  const std::string mebibyte(1 << 20, 'x');
  for (int i = 0; i < 70; ++i) pipeline.push({{"text", mebibyte}});
  const auto result = pipeline.next();
  REQUIRE(result);
  CHECK(result->get("size").integer() > 32);
  CHECK(result->get("size").integer() <= 64);
}

TEST_CASE("batch: an operator that emits too few values fails that row alone") {
  pipit::Pipeline pipeline = test::open(R"(
inputs: {text: string}
nodes:
  - {name: both, op: test/text.miscount, in: text, out: [same, length]}
outputs: [same, length]
)");
  CHECK(test::items(pipeline, {"even", "odd", "ab"}) ==
        "0 same=even length=4\n"
        "1 both: operator_failed: the operator emitted 1 value for a row, it has 2 output ports\n"
        "2 same=ab length=2\n");
}

TEST_CASE("batch: a call takes no more than 64 MiB of windows which share their rows") {
  pipit::Pipeline pipeline = test::open(R"(
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: crowd, op: test/text.crowd, in: word, out: size, window: {size: 40, step: 1}, batch: {max: 1000},
     args: {modality: window}}
outputs: [size]
)");
  constexpr std::size_t kWords = 40;
  std::string text;
  for (std::size_t i = 0; i < kWords; ++i) text += std::string((1 << 20) - 64, 'x') + " ";
  const auto result = pipeline.call({{"text", text}});
  REQUIRE_MESSAGE(!result.error, test::text_of(result));
  const auto sizes = result.get("size").list();
  REQUIRE(sizes.size() == kWords);
  std::size_t most = 0;
  for (std::size_t first = 0; first < kWords;) {
    const auto windows = static_cast<std::size_t>(sizes[first].integer());
    std::size_t mebibytes = 0;
    for (std::size_t i = first; i < first + windows; ++i) mebibytes += kWords - i;  // the i-th has so many words
    CAPTURE(first);
    if (windows > 1) CHECK(mebibytes <= 64);
    most = std::max(most, windows);
    first += windows;
  }
  CHECK(most > 1);
}
