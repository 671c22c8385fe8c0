// pipit check, and the program's own commands.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "scene.h"

using test::Outcome;
using test::Scene;
using test::Words;

namespace {

/// What `pipit check` says of a pipeline, and that it fails.
std::string fault(const std::string& yaml, const Words& more = {}) {
  const Scene scene;
  scene.write("p.yaml", yaml);
  Words words = {"check", "p.yaml"};
  words.insert(words.end(), more.begin(), more.end());
  const Outcome outcome = scene.run(words);
  CHECK(outcome.out == "");
  CHECK(outcome.status == 2);
  return outcome.err;
}

std::string searched() {
  const auto installed = std::string(PIPIT_BUILD_DIR "/lib/pipit/operators");
  return "searched: '" PIPIT_TEST_OPERATORS "', '" + installed +
         (std::filesystem::exists(installed) ? "'" : "' (does not exist)");
}

}  // namespace

TEST_CASE("check: a good pipeline is ok") {
  const Scene scene;
  scene.write("p.yaml",
              "pipit: 1\nname: demo\ninputs: {text: string}\nnodes:\n"
              "  - {name: words, op: test/text.words, in: text, out: word}\n"
              "  - {name: cut, op: test/text.longer, in: word, keep: word, args: {than: 1}}\n"
              "  - {name: join, op: test/text.join, in: [word, text], out: joined, replicas: 2}\n"
              "  - {name: both, op: test/text.pair, in: [text, joined], out: pair}\n"
              "outputs: [word, pair]\n");
  const Outcome outcome = scene.run({"check", "p.yaml"});
  CHECK(outcome.out == "p.yaml: ok, 4 nodes\n");
  CHECK(outcome.err == "");
  CHECK(outcome.status == 0);
  const Outcome explained = scene.run({"check", "p.yaml", "--explain", "--threads", "2"});
  CHECK(explained.out ==
        "pipeline 'demo': 4 nodes, 2 threads to share\n"
        "words          test/text.words 1.0.0, flat map\n"
        "                 in  text: string (rows of item)\n"
        "                 out word: string (rows of words)\n"
        "                 runs 1 replica\n"
        "cut            test/text.longer 1.0.0, filter\n"
        "                 in  word: string (rows of words)\n"
        "                 keep word: string\n"
        "                 out word: string (rows of cut)\n"
        "                 runs 1 replica\n"
        "                 queue from 'words': 256 rows or 64 MiB\n"
        "join           test/text.join 1.0.0, window\n"
        "                 in  word: string, text: string (rows of cut)\n"
        "                 out joined: string (rows of item)\n"
        "                 runs 2 replicas, windows of all rows of at most 1024 MiB\n"
        "                 queue from 'cut': 256 rows or 64 MiB\n"
        "both           test/text.pair 1.0.0, map\n"
        "                 in  text: string, joined: string (rows of item)\n"
        "                 out pair: string (rows of item)\n"
        "                 runs 1 replica\n"
        "                 queue from 'join': 256 rows or 64 MiB\n"
        "outputs        word: list<string>, pair: string\n");
}

TEST_CASE("check: YAML that is wrong is told with its line") {
  CHECK(fault("pipit: 1\nnodes: []\nnodes: []\noutputs: a\n") ==
        "p.yaml:2:8: 'nodes' must be a list of at least one node\n"
        "    nodes: []\n"
        "           ^\n"
        "p.yaml:3:1: duplicate key 'nodes'; first at line 2\n"
        "    nodes: []\n"
        "    ^\n");
  CHECK(fault("pipit: 1\nnodes: [\n") ==
        "p.yaml:2:8: a list that begins with '[' is not closed with ']'\n"
        "    nodes: [\n"
        "           ^\n");
  CHECK(fault("pipit: 1\nname: 'x\nnodes: []\n") ==
        "p.yaml:3:10: a quoted text is not closed\n"
        "    nodes: []\n"
        "             ^\n");
  CHECK(fault("") == "p.yaml: the file is empty\n");
  CHECK(fault("pipit: 1\nname: &x 1\nvars: {b: *x}\ninputs: {t: string}\nnodes: 1\noutputs: t\n") ==
        "p.yaml:2:7: anchors (&name) are not supported; use vars\n"
        "    name: &x 1\n"
        "          ^\n"
        "p.yaml:3:11: aliases (*name) are not supported; use vars\n"
        "    vars: {b: *x}\n"
        "              ^\n"
        "p.yaml:5:8: 'nodes' must be a list of at least one node\n"
        "    nodes: 1\n"
        "           ^\n");
  CHECK(fault(std::string("\x00\x01\x02", 3)) ==
        "'p.yaml' is not a pipeline file: it is not text (line 1 has the byte 0x00)\n");
}

TEST_CASE("check: a cycle is printed as a path") {
  CHECK(fault("pipit: 1\ninputs: {text: string}\nnodes:\n"
              "  - {name: a, op: test/text.pair, in: [text, y], out: x}\n"
              "  - {name: b, op: test/text.upper, in: x, out: y}\noutputs: [y]\n") ==
        "p.yaml:4:46: node 'a': reads 'y', which makes a cycle: a -> b -> a\n"
        "      - {name: a, op: test/text.pair, in: [text, y], out: x}\n"
        "                                                 ^\n");
}

TEST_CASE("check: joined siblings and types that do not fit and unknown names come at once in the order of lines") {
  CHECK(fault("pipit: 1\ninputs: {text: string, unused: string}\nnodes:\n"
              "  - {name: one, op: test/text.words, in: text, out: a}\n"
              "  - {name: two, op: test/text.words, in: text, out: b}\n"
              "  - {name: both, op: test/text.pair, in: [a, b], out: c}\n"
              "  - {name: codes, op: test/text.codes, in: text, out: d}\n"
              "  - {name: up, op: test/text.upper, in: d, out: e, args: {suffx: 1, times: x, style: lout}}\n"
              "  - {name: rogue, op: test/text.rouge, in: text, out: f}\n"
              "  - {name: tell, op: test/text.rogue, in: text, out: f}\n"
              "outputs: [c, e, f, g]\n") ==
        "p.yaml:2:24: input 'unused' is not read by any node and is not an output; remove it\n"
        "    inputs: {text: string, unused: string}\n"
        "                           ^\n"
        "p.yaml:6:42: node 'both': cannot join 'two.b' (the rows of 'two') with 'one.a' (the rows of 'one'): neither's "
        "rows lie inside the other's; collect one of them first\n"
        "      - {name: both, op: test/text.pair, in: [a, b], out: c}\n"
        "                                             ^\n"
        "p.yaml:8:41: node 'up': input 'text' takes string, 'codes.d' gives tensor<f32>[?]\n"
        "      - {name: up, op: test/text.upper, in: d, out: e, args: {suffx: 1, times: x, style: lout}}\n"
        "                                            ^\n"
        "p.yaml:8:59: node 'up': operator 'test/text.upper' has no argument 'suffx' (it takes 'suffix', 'times', "
        "'style' and 'file'); did you mean 'suffix'?\n"
        "      - {name: up, op: test/text.upper, in: d, out: e, args: {suffx: 1, times: x, style: lout}}\n"
        "                                                              ^\n"
        "p.yaml:8:66: node 'up': argument 'suffix' takes a string, found int 1\n"
        "      - {name: up, op: test/text.upper, in: d, out: e, args: {suffx: 1, times: x, style: lout}}\n"
        "                                                                     ^\n"
        "p.yaml:8:76: node 'up': argument 'times' takes an int, found 'x'\n"
        "      - {name: up, op: test/text.upper, in: d, out: e, args: {suffx: 1, times: x, style: lout}}\n"
        "                                                                               ^\n"
        "p.yaml:8:86: node 'up': argument 'style' takes one of 'plain' and 'loud', found 'lout'; did you mean 'loud'?\n"
        "      - {name: up, op: test/text.upper, in: d, out: e, args: {suffx: 1, times: x, style: lout}}\n"
        "                                                                                         ^\n"
        "p.yaml:9:23: no operator 'test/text.rouge'; did you mean 'test/text.rogue'? " +
            searched() +
            "\n"
            "      - {name: rogue, op: test/text.rouge, in: text, out: f}\n"
            "                          ^\n"
            "p.yaml:10:22: node 'tell': operator 'test/text.rogue' needs argument 'how' "
            "(enum(none|two|type|complex|constructor|slow|good)): what to do wrong\n"
            "      - {name: tell, op: test/text.rogue, in: text, out: f}\n"
            "                         ^\n"
            "p.yaml:11:20: 'outputs': no column 'g'\n"
            "    outputs: [c, e, f, g]\n"
            "                       ^\n");
}

TEST_CASE("check: a clip given as a pipeline is told as what it is") {
  const Scene scene;
  scene.write("clip.mp4", std::string("\0\0\0\x20", 4) + "ftypisom" + std::string(1000, '\0'));
  for (const Words& words : {Words{"check", "clip.mp4"}, Words{"run", "clip.mp4", "--input", "path=x"}}) {
    const Outcome outcome = scene.run(words);
    CHECK(outcome.err == "'clip.mp4' is not a pipeline file: it is not text (line 1 has the byte 0x00)\n");
    CHECK(outcome.status == 2);
  }
}

TEST_CASE("check: a variable that nothing uses after --set stops nothing") {
  const Scene scene;
  scene.write("p.yaml",
              "pipit: 1\nvars: {mark: '${PIPIT_TEST_UNSET}'}\ninputs: {text: string}\nnodes:\n"
              "  - {name: up, op: test/text.upper, in: text, out: loud, args: {suffix: $mark}}\noutputs: [loud]\n");
  const std::string told =
      "p.yaml:2:14: environment variable 'PIPIT_TEST_UNSET' is not set and '${PIPIT_TEST_UNSET}' gives no default\n"
      "    vars: {mark: '${PIPIT_TEST_UNSET}'}\n"
      "                 ^\n";
  CHECK(scene.run({"run", "p.yaml", "--input", "text=a"}).err == told);
  CHECK(scene.run({"check", "p.yaml"}).err == "warning: " + told);
  for (const char* set : {"up.suffix=!", "vars.mark=!"}) {
    const Outcome outcome = scene.run({"run", "p.yaml", "--input", "text=a", "--set", set});
    CHECK(outcome.out == "{\"item\":0,\"loud\":\"A!\"}\n");
    CHECK(outcome.err == "");
    CHECK(scene.run({"check", "p.yaml", "--set", set}).err == "");
  }
}

TEST_CASE("check: an unset variable is a warning") {
  const Scene scene;
  scene.write("p.yaml",
              "pipit: 1\ninputs: {text: string}\nnodes:\n"
              "  - {name: up, op: test/text.upper, in: text, out: loud, args: {suffix: '${PIPIT_TEST_UNSET}'}}\n"
              "  - {name: lost, op: test/text.upper, in: text, out: lost}\noutputs: [loud]\n");
  const Outcome outcome = scene.run({"check", "p.yaml"});
  CHECK(outcome.out == "p.yaml: ok, 2 nodes\n");
  CHECK(outcome.err ==
        "warning: p.yaml:4:73: environment variable 'PIPIT_TEST_UNSET' is not set and '${PIPIT_TEST_UNSET}' gives no "
        "default\n"
        "      - {name: up, op: test/text.upper, in: text, out: loud, args: {suffix: '${PIPIT_TEST_UNSET}'}}\n"
        "                                                                            ^\n"
        "warning: p.yaml:5:54: node 'lost': nothing reads what it gives\n"
        "      - {name: lost, op: test/text.upper, in: text, out: lost}\n"
        "                                                         ^\n");
  CHECK(outcome.status == 0);
}

TEST_CASE("check: --set of a node or a var that is not there is a fault") {
  const std::string yaml =
      "pipit: 1\ninputs: {text: string}\nnodes:\n  - {name: up, op: test/text.upper, in: text, out: loud}\n"
      "outputs: [loud]\n";
  CHECK(fault(yaml, {"--set", "upp.suffix=x"}) ==
        "p.yaml: --set upp.suffix: no node 'upp' (the node is 'up'); did you mean 'up'?\n");
  CHECK(fault(yaml, {"--set", "vars.x=1"}) == "p.yaml: --set vars.x: no var 'x' (there are none)\n");
  CHECK(fault(yaml, {"--set", "up.sufix=x"}) ==
        "p.yaml: node 'up': operator 'test/text.upper' has no argument 'sufix' (it takes 'suffix', 'times', 'style' "
        "and 'file'); did you mean 'suffix'?\n");
  CHECK(fault(yaml, {"--set", "up.times=x"}) == "p.yaml: node 'up': argument 'times' takes an int, found 'x'\n");
}

TEST_CASE("check: unknown keys of a node are told with the known ones") {
  CHECK(fault("pipit: 1\ninputs: {text: string}\nnodes:\n"
              "  - {name: up, op: test/text.upper, inn: text, in: text, out: loud}\noutputs: [loud]\n") ==
        "p.yaml:4:37: node 'up': no key 'inn' (the keys are 'name', 'op', 'in', 'out', 'keep', 'args', 'window', "
        "'replicas', 'batch', 'queue', 'hold' and 'isolate'); did you mean 'in'?\n"
        "      - {name: up, op: test/text.upper, inn: text, in: text, out: loud}\n"
        "                                        ^\n");
}

TEST_CASE("program: commands that are unknown get a near name") {
  const Scene scene;
  const Outcome none = scene.run({});
  CHECK(none.out == "");
  CHECK(none.err.find("usage: pipit COMMAND") == 0);
  CHECK(none.status == 2);
  const Outcome help = scene.run({"--help"});
  CHECK(help.out == none.err);
  CHECK(help.status == 0);
  const Outcome wrong = scene.run({"chek", "x"});
  CHECK(wrong.err == "pipit: no command 'chek' (pipit --help lists them); did you mean 'check'?\n");
  CHECK(wrong.status == 2);
  CHECK(scene.run({"--version"}).out.find("pipit ") == 0);
  for (const char* command : {"run", "check", "operators", "inspect"}) {
    const Outcome outcome = scene.run({command, "--help"});
    CHECK(outcome.out.find(std::string("usage: pipit ") + command) == 0);
    CHECK(outcome.err == "");
    CHECK(outcome.status == 0);
  }
}
