#include "graph/graph.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "graphs.h"
#include "module/installation.h"

using pipit::Graph;
using pipit::Mode;
using test::build;
using test::fault;

namespace {

std::string searched() {
  const auto installed = pipit::runtime_folder() / "operators";
  return "searched: '" PIPIT_TEST_OPERATORS "', '" + installed.string() +
         (std::filesystem::exists(installed) ? "'" : "' (does not exist)");
}

}  // namespace

TEST_CASE("graph: modes and domains follow from the ports") {
  const Graph graph = build(R"(
inputs: {text: string}
nodes:
  - {name: up, op: test/text.upper, in: text, out: loud}
  - {name: words, op: test/text.words, in: loud, out: word}
  - {name: long, op: test/text.longer, in: word, keep: [word, text], out: [word, whole]}
  - {name: join, op: test/text.join, in: [word, text], out: joined}
  - {name: length, op: test/text.length, in: word, out: bytes}
outputs: [joined, bytes, word]
)");
  const Mode modes[] = {Mode::kMap, Mode::kFlatMap, Mode::kFilter, Mode::kWindow, Mode::kReduce};
  for (std::size_t i = 0; i < 5; ++i) CHECK(graph.nodes[i].mode == modes[i]);
  REQUIRE(graph.domains.size() == 3);
  CHECK(graph.domains[1].opened_by == "words");
  CHECK(graph.domains[2].parent == 1);
  CHECK(graph.domains[2].depth == 2);
  CHECK(graph.nodes[3].domain_in == 2);
  CHECK_MESSAGE(graph.nodes[3].domain_out == 0, "what a filter kept is collected as all of the words would be");
  CHECK(graph.column_text(graph.nodes[2].outputs[1]) == "'long.whole'");
  CHECK(graph.column_text(0) == "'text'");
  CHECK(graph.warnings.empty());
}

TEST_CASE("graph: a name means its latest writer above") {
  const Graph graph = build(R"(
inputs: {text: string}
nodes:
  - {name: a, op: test/text.upper, in: text, out: text}
  - {name: b, op: test/text.upper, in: text, out: text}
outputs: [text]
)");
  CHECK(graph.nodes[1].inputs[0] == graph.nodes[0].outputs[0]);
  CHECK(graph.outputs[0] == graph.nodes[1].outputs[0]);
}

TEST_CASE("graph: an unknown operator is told with near names and every folder searched") {
  CHECK(fault(R"(
inputs: {text: string}
nodes:
  - {name: a, op: test/text.uper, in: text, out: x}
  - name: b
    op: upper
    in: text
    out: y
  - {name: c, op: zebra.stripes, in: text, out: z}
outputs: [x, y, z]
)") == "f.yaml:4:19: no operator 'test/text.uper'; did you mean 'test/text.upper'? " + searched() +
            "\n"
            "      - {name: a, op: test/text.uper, in: text, out: x}\n"
            "                      ^\n"
            "f.yaml:6:9: no operator 'upper'; did you mean 'test/text.upper'? " +
            searched() +
            "\n"
            "        op: upper\n"
            "            ^\n"
            "f.yaml:9:19: no operator 'zebra.stripes'; " +
            searched() +
            "\n"
            "      - {name: c, op: zebra.stripes, in: text, out: z}\n"
            "                      ^");
}

TEST_CASE("graph: a column that is not there gets a near name") {
  CHECK(fault(R"(
inputs: {text: string}
nodes:
  - {name: up, op: test/text.upper, in: txt, out: loud}
outputs: [loudd, zebra, text]
)") == "f.yaml:4:41: node 'up': no column 'txt'; did you mean 'text'?\n"
       "      - {name: up, op: test/text.upper, in: txt, out: loud}\n"
       "                                            ^\n"
       "f.yaml:5:11: 'outputs': no column 'loudd'; did you mean 'loud'?\n"
       "    outputs: [loudd, zebra, text]\n"
       "              ^\n"
       "f.yaml:5:18: 'outputs': no column 'zebra'\n"
       "    outputs: [loudd, zebra, text]\n"
       "                     ^");
}

TEST_CASE("graph: a cycle is printed as a path") {
  CHECK(fault(R"(
inputs: {text: string}
nodes:
  - {name: a, op: test/text.pair, in: [text, z], out: x}
  - {name: b, op: test/text.upper, in: x, out: y}
  - {name: c, op: test/text.upper, in: y, out: z}
outputs: [z]
)") == "f.yaml:4:46: node 'a': reads 'z', which makes a cycle: a -> b -> c -> a\n"
       "      - {name: a, op: test/text.pair, in: [text, z], out: x}\n"
       "                                                 ^");
  CHECK(fault(R"(
inputs: {text: string}
nodes:
  - {name: a, op: test/text.pair, in: [text, x], out: x}
outputs: [x]
)") == "f.yaml:4:46: node 'a': reads 'x', which makes a cycle: a -> a\n"
       "      - {name: a, op: test/text.pair, in: [text, x], out: x}\n"
       "                                                 ^");
}

TEST_CASE("graph: reading a later name says what to move") {
  CHECK(fault(R"(
inputs: {text: string}
nodes:
  - {name: a, op: test/text.upper, in: y, out: x}
  - {name: b, op: test/text.upper, in: text, out: y}
outputs: [x]
)") == "f.yaml:4:40: node 'a': reads 'y', which node 'b' gives only below, at line 5; move node 'b' above this one\n"
       "      - {name: a, op: test/text.upper, in: y, out: x}\n"
       "                                           ^");
}

TEST_CASE("graph: a cycle among many nodes is found in no time") {
  std::string yaml = "\ninputs: {text: string}\nnodes:\n  - {name: first, op: test/text.upper, in: x40, out: y}\n";
  yaml += "  - {name: n0, op: test/text.upper, in: text, out: x0}\n";
  for (int i = 1; i <= 40; ++i) {
    const std::string n = std::to_string(i);
    const std::string before = std::to_string(i - 1);
    yaml += "  - {name: n" + n + ", op: test/text.pair, in: [x" + before + ", x" + before + "], out: x" + n + "}\n";
  }
  CHECK(fault(yaml + "outputs: [y]\n") ==
        "f.yaml:4:44: node 'first': reads 'x40', which node 'n40' gives only below, at line 45; move node 'n40' above "
        "this one\n"
        "      - {name: first, op: test/text.upper, in: x40, out: y}\n"
        "                                               ^");
}

TEST_CASE("graph: types that do not fit are told with both ends") {
  CHECK(fault(R"(
inputs: {n: int, text: string}
nodes:
  - {name: up, op: test/text.upper, in: n, out: loud}
  - {name: codes, op: test/text.codes, in: text, out: codes}
  - {name: again, op: test/text.upper, in: codes, out: more}
outputs: [loud, more]
)") == "f.yaml:4:41: node 'up': input 'text' takes string, 'n' gives int\n"
       "      - {name: up, op: test/text.upper, in: n, out: loud}\n"
       "                                            ^\n"
       "f.yaml:6:44: node 'again': input 'text' takes string, 'codes.codes' gives tensor<f32>[?]\n"
       "      - {name: again, op: test/text.upper, in: codes, out: more}\n"
       "                                               ^");
  CHECK(fault(R"(
inputs: {text: strng}
nodes:
  - {name: up, op: test/text.upper, in: text, out: loud}
outputs: [loud]
)") == "f.yaml:2:16: input 'text': 'strng' is not a type; expected any, null, bool, int, float, string, bytes, frame, "
       "map, list<T> or tensor<f32>[512]\n"
       "    inputs: {text: strng}\n"
       "                   ^");
}

TEST_CASE("graph: ports are counted and named") {
  CHECK(fault(R"(
inputs: {text: string}
nodes:
  - {name: a, op: test/text.pair, in: text, out: x}
  - {name: b, op: test/text.pair, out: y}
  - {name: c, op: test/text.pair, in: {a: text, c: text}, out: z}
  - {name: d, op: test/text.upper, in: text, out: [v, w]}
  - {name: e, op: test/text.upper, in: text}
  - {name: f, op: test/text.upper, in: text, out: [u, u]}
  - {name: g, op: test/text.upper, in: text, out: item}
outputs: [x]
)") == "f.yaml:4:39: node 'a': operator 'test/text.pair' takes 2 columns ('a' and 'b'), 'in' gives 1\n"
       "      - {name: a, op: test/text.pair, in: text, out: x}\n"
       "                                          ^\n"
       "f.yaml:5:19: node 'b': operator 'test/text.pair' takes 2 columns ('a' and 'b'), 'in' gives none\n"
       "      - {name: b, op: test/text.pair, out: y}\n"
       "                      ^\n"
       "f.yaml:6:49: node 'c': operator 'test/text.pair' has no input 'c' (it has 'a' and 'b')\n"
       "      - {name: c, op: test/text.pair, in: {a: text, c: text}, out: z}\n"
       "                                                    ^\n"
       "f.yaml:7:51: node 'd': operator 'test/text.upper' gives 1 column ('text'), 'out' names 2\n"
       "      - {name: d, op: test/text.upper, in: text, out: [v, w]}\n"
       "                                                      ^\n"
       "f.yaml:8:19: node 'e': operator 'test/text.upper' gives 1 column ('text'), 'out' names none\n"
       "      - {name: e, op: test/text.upper, in: text}\n"
       "                      ^\n"
       "f.yaml:9:51: node 'f': operator 'test/text.upper' gives 1 column ('text'), 'out' names 2\n"
       "      - {name: f, op: test/text.upper, in: text, out: [u, u]}\n"
       "                                                      ^\n"
       "f.yaml:9:55: node 'f': 'out' names 'u' twice\n"
       "      - {name: f, op: test/text.upper, in: text, out: [u, u]}\n"
       "                                                          ^\n"
       "f.yaml:10:51: node 'g': column 'item' has the name of a field of every result line; choose another\n"
       "      - {name: g, op: test/text.upper, in: text, out: item}\n"
       "                                                      ^");
}

TEST_CASE("graph: siblings cannot be joined") {
  CHECK(fault(R"(
inputs: {text: string}
nodes:
  - {name: one, op: test/text.words, in: text, out: a}
  - {name: two, op: test/text.words, in: text, out: b}
  - {name: both, op: test/text.pair, in: [a, b], out: c}
outputs: [c]
)") == "f.yaml:6:42: node 'both': cannot join 'two.b' (the rows of 'two') with 'one.a' (the rows of 'one'): neither's "
       "rows lie inside the other's; collect one of them first\n"
       "      - {name: both, op: test/text.pair, in: [a, b], out: c}\n"
       "                                             ^");
}

TEST_CASE("graph: a window takes rows of one kind and one value beside them") {
  CHECK(fault(R"(
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: join, op: test/text.join, in: [word, word], out: joined}
outputs: [joined]
)") == "f.yaml:5:42: node 'join': input 'prefix' takes one value for all rows together, 'words.word' has the rows of "
       "'words'\n"
       "      - {name: join, op: test/text.join, in: [word, word], out: joined}\n"
       "                                             ^");
  CHECK(fault(R"(
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: zip, op: test/text.zip, in: [word, text], out: zipped}
outputs: [zipped]
)") == "f.yaml:5:40: node 'zip': a window takes columns of the same rows; 'words.word' has the rows of 'words', 'text' "
       "has one row an item\n"
       "      - {name: zip, op: test/text.zip, in: [word, text], out: zipped}\n"
       "                                           ^");
  CHECK(fault(R"(
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: others, op: test/text.words, in: text, out: other}
  - {name: join, op: test/text.join, in: [word, other], out: joined}
outputs: [joined]
)") == "f.yaml:6:42: node 'join': input 'prefix' takes one value for all rows together, 'others.other' has the rows of "
       "'others'\n"
       "      - {name: join, op: test/text.join, in: [word, other], out: joined}\n"
       "                                             ^");
  CHECK(fault(R"(
inputs: {text: string}
nodes:
  - {name: up, op: test/text.upper, in: text, out: loud, window: all}
outputs: [loud]
)") == "f.yaml:4:66: node 'up': 'window' needs an operator with a window input, 'test/text.upper' works row by row\n"
       "      - {name: up, op: test/text.upper, in: text, out: loud, window: all}\n"
       "                                                                     ^");
}

TEST_CASE("graph: keep makes a filter of an operator that gives one bool") {
  CHECK(fault(R"(
inputs: {text: string}
nodes:
  - {name: a, op: test/text.upper, in: text, keep: text, out: x}
  - {name: b, op: test/text.longer, in: text, keep: [], out: y}
  - {name: c, op: test/text.longer, in: text, keep: text, out: [z, w]}
outputs: [x]
)") == "f.yaml:4:52: node 'a': 'keep' makes a filter and needs an operator that gives one bool a row, "
       "'test/text.upper' does not\n"
       "      - {name: a, op: test/text.upper, in: text, keep: text, out: x}\n"
       "                                                       ^\n"
       "f.yaml:5:53: node 'b': 'keep' must name the columns that the filter keeps\n"
       "      - {name: b, op: test/text.longer, in: text, keep: [], out: y}\n"
       "                                                        ^\n"
       "f.yaml:6:64: node 'c': 'keep' names 1, 'out' names 2\n"
       "      - {name: c, op: test/text.longer, in: text, keep: text, out: [z, w]}\n"
       "                                                                   ^");
}

TEST_CASE("graph: an input that nothing reads is a fault and a node that nothing reads a warning") {
  CHECK(fault(R"(
inputs: {text: string, other: string}
nodes:
  - {name: up, op: test/text.upper, in: text, out: loud}
outputs: [loud]
)") == "f.yaml:2:24: input 'other' is not read by any node and is not an output; remove it\n"
       "    inputs: {text: string, other: string}\n"
       "                           ^");
  const Graph graph = build(R"(
inputs: {text: string, other: string}
nodes:
  - {name: up, op: test/text.upper, in: text, out: loud}
outputs: [text, other]
)");
  REQUIRE(graph.warnings.size() == 1);
  CHECK(graph.warnings[0] ==
        "f.yaml:4:52: node 'up': nothing reads what it gives\n"
        "      - {name: up, op: test/text.upper, in: text, out: loud}\n"
        "                                                       ^");
}

TEST_CASE("graph: outputs may be named once") {
  CHECK(fault(R"(
inputs: {text: string}
nodes:
  - {name: up, op: test/text.upper, in: text, out: loud}
outputs: [loud, loud]
)") == "f.yaml:5:17: 'outputs' names 'loud' twice\n"
       "    outputs: [loud, loud]\n"
       "                    ^");
}

TEST_CASE("graph: several faults come at once in the order of lines") {
  CHECK(fault(R"(
inputs: {text: string, unused: int}
nodes:
  - {name: up, op: test/text.upper, in: text, out: loud, args: {suffx: a, times: many}}
  - {name: words, op: test/text.wordz, in: nothing, out: word}
  - {name: rogue, op: test/text.rogue, in: text, out: x}
  - {name: last, op: test/text.upper, in: word, out: y}
outputs: [y, nowhere]
)") == "f.yaml:2:24: input 'unused' is not read by any node and is not an output; remove it\n"
       "    inputs: {text: string, unused: int}\n"
       "                           ^\n"
       "f.yaml:4:65: node 'up': operator 'test/text.upper' has no argument 'suffx' (it takes 'suffix', 'times', "
       "'style' and 'file'); did you mean 'suffix'?\n"
       "      - {name: up, op: test/text.upper, in: text, out: loud, args: {suffx: a, times: many}}\n"
       "                                                                    ^\n"
       "f.yaml:4:82: node 'up': argument 'times' takes an int, found 'many'\n"
       "      - {name: up, op: test/text.upper, in: text, out: loud, args: {suffx: a, times: many}}\n"
       "                                                                                     ^\n"
       "f.yaml:5:23: no operator 'test/text.wordz'; did you mean 'test/text.words'? " +
            searched() +
            "\n"
            "      - {name: words, op: test/text.wordz, in: nothing, out: word}\n"
            "                          ^\n"
            "f.yaml:5:44: node 'words': no column 'nothing'\n"
            "      - {name: words, op: test/text.wordz, in: nothing, out: word}\n"
            "                                               ^\n"
            "f.yaml:6:23: node 'rogue': operator 'test/text.rogue' needs argument 'how' "
            "(enum(none|two|type|complex|constructor|slow|good)): what to do wrong\n"
            "      - {name: rogue, op: test/text.rogue, in: text, out: x}\n"
            "                          ^\n"
            "f.yaml:8:14: 'outputs': no column 'nowhere'\n"
            "    outputs: [y, nowhere]\n"
            "                 ^");
}

TEST_CASE("graph: rows that wait for what is collected from them need a hold") {
  const char* said =
      "which comes only when all of the same rows have passed: they must wait here; say how much memory they may take, "
      "'hold: {mib: 256}'";
  CHECK(fault(R"(
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: join, op: test/text.join, in: [word, text], out: joined}
  - {name: both, op: test/text.pair, in: [word, joined], out: pair}
outputs: [pair]
)") == "f.yaml:6:42: node 'both': joins 'words.word' with 'join.joined', " + std::string(said) +
            "\n"
            "      - {name: both, op: test/text.pair, in: [word, joined], out: pair}\n"
            "                                             ^");
  CHECK_MESSAGE(fault(R"(
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: join, op: test/text.join, in: [word, text], out: joined}
  - {name: up, op: test/text.upper, in: word, out: loud}
  - {name: both, op: test/text.pair, in: [word, joined], out: pair, hold: {mib: 1}}
  - {name: late, op: test/text.pair, in: [loud, pair], out: last}
outputs: [last]
)") == "f.yaml:8:42: node 'late': joins 'up.loud' with 'both.pair', " + std::string(said) +
                        "\n"
                        "      - {name: late, op: test/text.pair, in: [loud, pair], out: last}\n"
                        "                                             ^",
                "a row that came late makes its neighbours wait too");
  CHECK_MESSAGE(fault(R"(
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: join, op: test/text.join, in: [word, text], out: joined}
  - {name: parts, op: test/text.words, in: word, out: part}
  - {name: window, op: test/text.join, in: [part, joined], out: last}
  - {name: reduce, op: test/text.tag, in: [word, joined], out: tagged}
outputs: [last, tagged]
)") == "f.yaml:7:44: node 'window': joins 'parts.part' with 'join.joined', " + std::string(said) +
                        "\n"
                        "      - {name: window, op: test/text.join, in: [part, joined], out: last}\n"
                        "                                               ^\n"
                        "f.yaml:8:43: node 'reduce': joins 'words.word' with 'join.joined', " +
                        std::string(said) +
                        "\n"
                        "      - {name: reduce, op: test/text.tag, in: [word, joined], out: tagged}\n"
                        "                                              ^",
                "the first window and the first row need it");
}

TEST_CASE("graph: no hold where nothing waits") {
  CHECK(fault(R"(
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: others, op: test/text.words, in: text, out: other}
  - {name: join, op: test/text.join, in: [other, text], out: joined}
  - {name: both, op: test/text.pair, in: [word, joined], out: pair}
  - {name: window, op: test/text.join, in: [pair, joined], out: last}
outputs: [last]
)")
            .empty());
  CHECK(fault(R"(
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word, hold: {mib: 1}}
outputs: [word]
)") == "f.yaml:4:67: node 'words': 'hold' is not needed here: nothing waits for a whole item\n"
       "      - {name: words, op: test/text.words, in: text, out: word, hold: {mib: 1}}\n"
       "                                                                      ^");
}

TEST_CASE("graph: what must be held is told for each column") {
  const Graph graph = build(R"(
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: parts, op: test/text.words, in: word, out: part}
  - {name: join, op: test/text.join, in: [word, text], out: joined}
  - {name: within, op: test/text.join, in: [part, word], out: inner}
  - {name: both, op: test/text.longer, in: part, keep: [part, word, joined], out: [p, w, j], hold: {mib: 1}}
  - {name: rows, op: test/text.pair, in: [part, inner], out: pair, hold: {mib: 1}}
outputs: [p, w, j, pair]
)");
  const auto& both = graph.nodes[4];
  CHECK_MESSAGE(both.held.size() == 2, "the words wait as their parts do");
  for (const auto& [column, border] : both.held) CHECK(border == 0);
  const auto& rows = graph.nodes[5];
  REQUIRE(rows.held.size() == 1);
  CHECK_MESSAGE(rows.held.begin()->second == 1, "one word's parts wait, not the item's");
}

TEST_CASE("graph: a hundred diamonds are searched in no time") {
  std::string yaml = "\ninputs: {text: string}\nnodes:\n  - {name: words, op: test/text.words, in: text, out: x0}\n";
  for (int i = 1; i <= 100; ++i) {
    const std::string n = std::to_string(i);
    const std::string before = std::to_string(i - 1);
    yaml += "  - {name: n" + n + ", op: test/text.pair, in: [x" + before + ", x" + before + "], out: x" + n + "}\n";
  }
  yaml += "  - {name: join, op: test/text.join, in: [x100, text], out: joined}\n";
  yaml += "  - {name: both, op: test/text.pair, in: [x100, joined], out: last, hold: {mib: 1}}\n";
  CHECK(fault(yaml + "outputs: [last]\n").empty());
}

TEST_CASE("graph: a fault in every line is told in one round and nothing that follows from one") {
  CHECK(fault(R"(
vars: {list: [1]}
inputs: {text: strng, a b: string, good: string}
nodes:
  - {nam: first, op: test/text.upper, in: text, out: a}
  - {name: second, op: test/text.uper, in: a, out: b}
  - {name: third, op: test/text.upper, in: b, out: c, args: {suffix: $mark, times: two}}
  - {name: fourth, op: test/text.upper, in: cc, out: d, args: {sufix: [x]}}
  - {name: fifth, op: test/text.upper, in: d, out: e, replicas: 0}
  - {name: sixth, op: test/text.pair, in: [e], out: f}
  - {name: seventh, op: test/text.upper, in: f, out: g, args: {suffix: $list}}
  - {name: eighth, op: test/text.words, in: good, out: h}
  - {name: ninth, op: test/text.half, in: h, out: i}
  - {name: tenth, op: test/text.upper, in: i, out: j, window: some}
outputs: [a, e, g, j, zebra]
)") == "f.yaml:2:14: var 'list' must be a text or a number, found a list\n"
       "    vars: {list: [1]}\n"
       "                 ^\n"
       "f.yaml:3:16: input 'text': 'strng' is not a type; expected any, null, bool, int, float, string, bytes, frame, "
       "map, list<T> or tensor<f32>[512]\n"
       "    inputs: {text: strng, a b: string, good: string}\n"
       "                   ^\n"
       "f.yaml:3:23: input 'a b' is not a name; expected letters, digits and '_'\n"
       "    inputs: {text: strng, a b: string, good: string}\n"
       "                          ^\n"
       "f.yaml:5:6: node 'first': no key 'nam' (the keys are 'name', 'op', 'in', 'out', 'keep', 'args', 'window', "
       "'replicas', 'batch', 'queue', 'hold' and 'isolate'); did you mean 'name'?\n"
       "      - {nam: first, op: test/text.upper, in: text, out: a}\n"
       "         ^\n"
       "f.yaml:6:24: no operator 'test/text.uper'; did you mean 'test/text.upper'? " +
            searched() +
            "\n"
            "      - {name: second, op: test/text.uper, in: a, out: b}\n"
            "                           ^\n"
            "f.yaml:7:70: no var 'mark' (write $$ for a dollar sign)\n"
            "      - {name: third, op: test/text.upper, in: b, out: c, args: {suffix: $mark, times: two}}\n"
            "                                                                         ^\n"
            "f.yaml:7:84: node 'third': argument 'times' takes an int, found 'two'\n"
            "      - {name: third, op: test/text.upper, in: b, out: c, args: {suffix: $mark, times: two}}\n"
            "                                                                                       ^\n"
            "f.yaml:8:45: node 'fourth': no column 'cc'; did you mean 'c'?\n"
            "      - {name: fourth, op: test/text.upper, in: cc, out: d, args: {sufix: [x]}}\n"
            "                                                ^\n"
            "f.yaml:8:64: node 'fourth': operator 'test/text.upper' has no argument 'sufix' (it takes 'suffix', "
            "'times', 'style' and 'file'); did you mean 'suffix'?\n"
            "      - {name: fourth, op: test/text.upper, in: cc, out: d, args: {sufix: [x]}}\n"
            "                                                                   ^\n"
            "f.yaml:8:71: node 'fourth': argument 'suffix' takes a string, found a list\n"
            "      - {name: fourth, op: test/text.upper, in: cc, out: d, args: {sufix: [x]}}\n"
            "                                                                          ^\n"
            "f.yaml:9:65: node 'fifth': 'replicas' must be a number of at least 1, found '0'\n"
            "      - {name: fifth, op: test/text.upper, in: d, out: e, replicas: 0}\n"
            "                                                                    ^\n"
            "f.yaml:10:43: node 'sixth': operator 'test/text.pair' takes 2 columns ('a' and 'b'), 'in' gives 1\n"
            "      - {name: sixth, op: test/text.pair, in: [e], out: f}\n"
            "                                              ^\n"
            "f.yaml:13:43: node 'ninth': input 'number' takes int, 'eighth.h' gives string\n"
            "      - {name: ninth, op: test/text.half, in: h, out: i}\n"
            "                                              ^\n"
            "f.yaml:14:63: node 'tenth': 'window' must be 'all', {size, step} or {seconds, step, by}, found 'some'\n"
            "      - {name: tenth, op: test/text.upper, in: i, out: j, window: some}\n"
            "                                                                  ^\n"
            "f.yaml:15:23: 'outputs': no column 'zebra'\n"
            "    outputs: [a, e, g, j, zebra]\n"
            "                          ^");
}

TEST_CASE("graph: a node that cannot be read hides its columns and no column is missed for it") {
  CHECK(fault(R"(
inputs: {text: string}
nodes:
  - just text
  - {name: up, op: test/text.upper, in: word, out: loud}
outputs: [loud, quiet]
)") == "f.yaml:4:5: a node must be a mapping with 'name' and 'op', found 'just text'\n"
       "      - just text\n"
       "        ^");
}

TEST_CASE("graph: an unset variable stops what uses it and nothing else") {
  unsetenv("PIPIT_TEST_UNSET");
  const auto with = [](const std::string& args, pipit::Spec::Options options) -> std::string {
    try {
      pipit::Graph::build(
          pipit::Spec::draft("pipit: 1\nvars: {w: '${PIPIT_TEST_UNSET}', x: '$$'}\ninputs: {text: string}\nnodes:\n"
                             "  - {name: up, op: test/text.upper, in: text, out: loud, args: {" +
                                 args + "}}\noutputs: [loud]\n",
                             "f.yaml", ".", options),
          pipit::OperatorPath({PIPIT_TEST_OPERATORS}));
      return "";
    } catch (const pipit::Error& e) {
      return e.what();
    }
  };
  const std::string told =
      "f.yaml:2:11: environment variable 'PIPIT_TEST_UNSET' is not set and '${PIPIT_TEST_UNSET}' gives no default\n"
      "    vars: {w: '${PIPIT_TEST_UNSET}', x: '$$'}\n"
      "              ^";
  CHECK(with("suffix: x", {}).empty());
  CHECK(with("suffix: $w", {}) == told);
  CHECK(with("suffix: $w, times: $w", {}) == told);
  CHECK(with("suffix: $w", {.overrides = {{"up.suffix", "a"}}}).empty());
  CHECK(with("suffix: $w", {.overrides = {{"vars.w", "a"}}}).empty());
  CHECK(with("args: {times: $w}", {.overrides = {{"up.times", "3"}}}).empty());
  CHECK_MESSAGE(with("times: $w", {.overrides = {}, .unset_is_warning = true}).empty(),
                "a value that is not known is not judged");
}

TEST_CASE("graph: a constant that needs an unset variable is of any type") {
  unsetenv("PIPIT_TEST_UNSET");
  const auto with = [](bool warns) -> std::string {
    try {
      const pipit::Graph graph = pipit::Graph::build(
          pipit::Spec::draft("pipit: 1\ninputs: {text: string}\nnodes:\n"
                             "  - {name: half, op: test/text.half, in: [{value: '${PIPIT_TEST_UNSET}'}], out: half}\n"
                             "outputs: [text, half]\n",
                             "f.yaml", ".", {.overrides = {}, .unset_is_warning = warns}),
          pipit::OperatorPath({PIPIT_TEST_OPERATORS}));
      return "warned: " + graph.warnings.at(0);
    } catch (const pipit::Error& e) {
      return e.what();
    }
  };
  const std::string told =
      "f.yaml:4:51: environment variable 'PIPIT_TEST_UNSET' is not set and '${PIPIT_TEST_UNSET}' gives no default\n"
      "      - {name: half, op: test/text.half, in: [{value: '${PIPIT_TEST_UNSET}'}], out: half}\n"
      "                                                      ^";
  CHECK(with(false) == told);
  CHECK(with(true) == "warned: " + told);
}

TEST_CASE("graph: types of lists in lists are bounded") {
  std::string type;
  for (int i = 0; i < 100000; ++i) type += "list<";
  type += "int" + std::string(100000, '>');
  CHECK(fault("\ninputs: {text: '" + type +
              "'}\nnodes:\n  - {name: up, op: test/text.upper, in: text, out: loud}\n"
              "outputs: [loud]\n") ==
        "f.yaml:2:16: input 'text': a type of 100000 lists inside each other; at most 16 are read\n"
        "    inputs: {text: 'list<list<list<list<list<list<list<list<list<list<list<list<list<list<list<list<list…\n"
        "                   ^");
}
