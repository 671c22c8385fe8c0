#include "spec/source_text.h"

#include <doctest/doctest.h>

#include <string>

#include "spec/faults.h"

using pipit::SourceText;

TEST_CASE("source: a line is shown with a caret under the place") {
  const SourceText text("pipit: 1\nnodes: []\r\nlast");
  CHECK(text.shown({1, 1}) == "\n    pipit: 1\n    ^");
  CHECK(text.shown({2, 8}) == "\n    nodes: []\n           ^");
  CHECK_MESSAGE(text.shown({3, 5}) == "\n    last\n        ^", "behind the end");
  CHECK(text.shown({3, 99}) == "\n    last\n        ^");
  CHECK(text.shown({4, 1}) == "");
  CHECK(text.shown({}) == "");
  CHECK(SourceText("").shown({1, 1}) == "");
  CHECK(SourceText("\n\n").shown({2, 1}) == "");
}

TEST_CASE("source: tabs stay so that the caret stands right at any width") {
  CHECK(SourceText("a:\tb\tc").shown({1, 6}) == "\n    a:\tb\tc\n      \t \t^");
}

TEST_CASE("source: columns are characters and the caret stands where a terminal has them") {
  const SourceText text("n: {ä: é, 日本: x}");
  CHECK(text.character({1, 13}) == 11);
  CHECK(text.shown({1, 13}) == "\n    n: {ä: é, 日本: x}\n              ^");
  CHECK_MESSAGE(text.shown({1, 21}) == "\n    n: {ä: é, 日本: x}\n                    ^", "two cells a character");
  CHECK(text.character({1, 21}) == 15);
  CHECK_MESSAGE(SourceText("e\u0301: x").shown({1, 6}) == "\n    e\u0301: x\n       ^", "an accent takes no cell");
}

TEST_CASE("source: a mark at the start is no part of the first line") {
  CHECK(SourceText("\xef\xbb\xbfpipit: 2").shown({1, 8}) == "\n    pipit: 2\n           ^");
}

TEST_CASE("source: what a terminal would obey is replaced") {
  CHECK(SourceText("a\x1b[31m\x7f: b").shown({1, 10}) == "\n    a\ufffd[31m\ufffd: b\n             ^");
  CHECK_MESSAGE(SourceText("a\u202e\u009b: b").shown({1, 9}) == "\n    a\ufffd\ufffd: b\n         ^",
                "also what turns the writing around");
  CHECK_MESSAGE(SourceText("\xff\xc3: b").shown({1, 5}) == "\n    \ufffd\ufffd: b\n        ^", "and what is not UTF-8");
}

TEST_CASE("source: a long line is cut around the place") {
  const std::string line = std::string(500, 'a') + "!" + std::string(500, 'b');
  CHECK(SourceText(line).shown({1, 501}) ==
        "\n    …" + std::string(60, 'a') + "!" + std::string(39, 'b') + "…\n    " + std::string(61, ' ') + "^");
  CHECK(SourceText(line).shown({1, 3}) == "\n    " + std::string(100, 'a') + "…\n      ^");
  CHECK(SourceText(line).shown({1, 1001}) ==
        "\n    …" + std::string(100, 'b') + "\n    " + std::string(100, ' ') + "^");
  CHECK_MESSAGE(SourceText(std::string(100, 'a')).shown({1, 100}) ==
                    "\n    " + std::string(100, 'a') + "\n    " + std::string(99, ' ') + "^",
                "one of a hundred characters is not");
  std::string wide;
  for (int i = 0; i < 1000; ++i) wide += "日";
  std::string sixty;
  std::string forty;
  for (int i = 0; i < 60; ++i) sixty += "日";
  for (int i = 0; i < 40; ++i) forty += "日";
  CHECK(SourceText(wide).shown({1, 1501}) == "\n    …" + sixty + forty + "…\n    " + std::string(121, ' ') + "^");
}

TEST_CASE("source: UTF-16 is not shown") {
  CHECK(SourceText(std::string_view("\xff\xfe"
                                    "a\0",
                                    4))
            .shown({1, 1}) == "");
}

TEST_CASE("faults: each is told once and by file and place") {
  pipit::Faults faults("outer.yaml");
  faults.show("one\ntwo\n");
  faults.enter("inner.yaml");
  faults.add({1, 1}, "without its text");
  faults.enter("outer.yaml");
  faults.add({2, 2}, "second");
  faults.add({2, 1}, "first");
  faults.add({2, 2}, "second");
  faults.add({}, "of no line");
  faults.add_from_below({1, 1}, "below.yaml:7:7: told");
  CHECK(faults.count() == 5);
  CHECK_THROWS_WITH(faults.raise(),
                    "outer.yaml: of no line\n"
                    "below.yaml:7:7: told\n"
                    "outer.yaml:2:1: first\n    two\n    ^\n"
                    "outer.yaml:2:2: second\n    two\n     ^\n"
                    "inner.yaml:1:1: without its text");
}
