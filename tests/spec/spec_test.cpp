#include "spec/spec.h"

#include <doctest/doctest.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

using pipit::SourcePlace;
using pipit::Spec;

namespace {

/// What reading says is wrong; empty when nothing is. The text begins on line 1.
std::string fault(const std::string& text, const Spec::Options& options = {}) {
  try {
    Spec::parse(text, "f.yaml", ".", options);
    return "";
  } catch (const pipit::Error& e) {
    CHECK(e.code() == "invalid_pipeline");
    return e.what();
  }
}

/// A pipeline of one node with more keys.
std::string with(const std::string& keys) {
  return "pipit: 1\ninputs: {t: string}\nnodes:\n  - {name: up, op: a.b, in: t, out: u, " + keys + "}\noutputs: [u]\n";
}

}  // namespace

TEST_CASE("spec: a file is read with the lines of its parts") {
  const Spec spec = Spec::parse(
      "pipit: 1\nname: demo\ninputs: {path: string, n: int}\nnodes:\n  - name: one\n    op: a.b\n    in: path\n"
      "    out: [x, y]\n    args: {k: 1}\n  - {name: two, op: c/d.e, in: {p: x, q: n}, keep: [x], replicas: 2, "
      "batch: {max: 16}, queue: {items: 3, mib: 0.5}, hold: {mib: 7}, window: all}\noutputs: [x]\n",
      "f.yaml", "dir", {});
  CHECK(spec.place == "f.yaml");
  CHECK(spec.folder == "dir");
  CHECK(spec.name == "demo");
  REQUIRE(spec.inputs.size() == 2);
  CHECK(spec.inputs[1].name == "n");
  CHECK(spec.inputs[1].type == "int");
  REQUIRE(spec.nodes.size() == 2);
  CHECK(spec.nodes[0].at == SourcePlace{5, 5});
  CHECK(spec.nodes[0].part("op") == SourcePlace{6, 9});
  CHECK_MESSAGE(spec.nodes[0].part("keep") == spec.nodes[0].part("op"), "the operator stands for what is not written");
  CHECK(spec.nodes[0].out[1].text == "y");
  CHECK(spec.nodes[0].args[0].name == "k");
  const pipit::NodeSpec& two = spec.nodes[1];
  CHECK(two.in[1].port == "q");
  CHECK(two.in[1].column.text == "n");
  CHECK(two.has_keep);
  CHECK(two.replicas == 2);
  CHECK(two.batch_max == 16);
  CHECK(two.queue_rows == 3);
  CHECK(two.queue_mib == 0.5);
  CHECK(two.hold_mib == 7);
  REQUIRE(two.window);
  CHECK(two.window->kind == pipit::WindowSpec::Kind::kAll);
  CHECK(spec.outputs[0].at == SourcePlace{11, 11});
}

TEST_CASE("spec: what is not a pipeline is told") {
  CHECK(fault("- a\n") ==
        "f.yaml:1:1: expected a pipeline (keys 'pipit', 'name', 'vars', 'inputs', 'nodes', 'outputs' and 'index'), "
        "found a list\n"
        "    - a\n"
        "    ^");
  CHECK(fault("hello\n") ==
        "f.yaml:1:1: expected a pipeline (keys 'pipit', 'name', 'vars', 'inputs', 'nodes', 'outputs' and 'index'), "
        "found 'hello'\n"
        "    hello\n"
        "    ^");
  CHECK(fault("nodes: []\n") ==
        "f.yaml:1:1: the first line must say which pipeline format this is: 'pipit: 1'\n"
        "    nodes: []\n"
        "    ^\n"
        "f.yaml:1:1: 'outputs' must name at least one column\n"
        "    nodes: []\n"
        "    ^\n"
        "f.yaml:1:8: 'nodes' must be a list of at least one node\n"
        "    nodes: []\n"
        "           ^");
  CHECK(fault("pipit: 2\nnodes:\n  - {name: a, op: b.c, in: t, out: u}\noutputs: u\n") ==
        "f.yaml:1:8: pipeline format '2' is not known; this runtime reads 'pipit: 1'\n"
        "    pipit: 2\n"
        "           ^");
}

TEST_CASE("spec: unknown keys get a near name") {
  CHECK(fault("pipit: 1\nnode: []\noutputs: u\n") ==
        "f.yaml:2:1: no key 'node' (the keys are 'pipit', 'name', 'vars', 'inputs', 'nodes', 'outputs' and 'index'); "
        "did you "
        "mean 'nodes'?\n"
        "    node: []\n"
        "    ^\n"
        "f.yaml:2:7: 'nodes' must be a list of at least one node\n"
        "    node: []\n"
        "          ^");
  CHECK(fault(with("replica: 2")) ==
        "f.yaml:4:40: node 'up': no key 'replica' (the keys are 'name', 'op', 'in', 'out', 'keep', 'args', 'window', "
        "'replicas', 'batch', 'queue', 'hold' and 'isolate'); did you mean 'replicas'?\n"
        "      - {name: up, op: a.b, in: t, out: u, replica: 2}\n"
        "                                           ^");
  CHECK(fault(with("queue: {rows: 2}")) ==
        "f.yaml:4:48: node 'up': 'queue': no key 'rows' (the keys are 'items' and 'mib')\n"
        "      - {name: up, op: a.b, in: t, out: u, queue: {rows: 2}}\n"
        "                                                   ^");
}

TEST_CASE("spec: values of a wrong form are told with what was found") {
  CHECK(fault(with("replicas: 0")) ==
        "f.yaml:4:50: node 'up': 'replicas' must be a number of at least 1, found '0'\n"
        "      - {name: up, op: a.b, in: t, out: u, replicas: 0}\n"
        "                                                     ^");
  CHECK(fault(with("replicas: -1")) ==
        "f.yaml:4:50: node 'up': 'replicas' must be a number of at least 1, found '-1'\n"
        "      - {name: up, op: a.b, in: t, out: u, replicas: -1}\n"
        "                                                     ^");
  CHECK(fault(with("replicas: two")) ==
        "f.yaml:4:50: node 'up': 'replicas' must be a number of at least 1, found 'two'\n"
        "      - {name: up, op: a.b, in: t, out: u, replicas: two}\n"
        "                                                     ^");
  CHECK(fault(with("replicas: 2.5")) ==
        "f.yaml:4:50: node 'up': 'replicas' must be a number of at least 1, found '2.5'\n"
        "      - {name: up, op: a.b, in: t, out: u, replicas: 2.5}\n"
        "                                                     ^");
  CHECK(fault(with("replicas: [2]")) ==
        "f.yaml:4:50: node 'up': 'replicas' must be a number of at least 1, found a list\n"
        "      - {name: up, op: a.b, in: t, out: u, replicas: [2]}\n"
        "                                                     ^");
  CHECK(fault(with("queue: 5")) ==
        "f.yaml:4:47: node 'up': 'queue' must be a mapping of 'items' and 'mib', found '5'\n"
        "      - {name: up, op: a.b, in: t, out: u, queue: 5}\n"
        "                                                  ^");
  CHECK(fault(with("queue: {mib: nan}")) ==
        "f.yaml:4:53: node 'up': 'queue.mib' must be a number of at least 0.001, found 'nan'\n"
        "      - {name: up, op: a.b, in: t, out: u, queue: {mib: nan}}\n"
        "                                                        ^");
  CHECK(fault(with("batch: 16")) ==
        "f.yaml:4:47: node 'up': 'batch' must be a mapping of 'max' and 'wait_ms', found '16'\n"
        "      - {name: up, op: a.b, in: t, out: u, batch: 16}\n"
        "                                                  ^");
  CHECK(fault(with("hold: 16")) ==
        "f.yaml:4:46: node 'up': 'hold' must say how much: {mib: N}\n"
        "      - {name: up, op: a.b, in: t, out: u, hold: 16}\n"
        "                                                 ^");
  CHECK(fault(with("window: some")) ==
        "f.yaml:4:48: node 'up': 'window' must be 'all', {size, step} or {seconds, step, by}, found 'some'\n"
        "      - {name: up, op: a.b, in: t, out: u, window: some}\n"
        "                                                   ^");
  CHECK(fault(with("window: {size: 3, seconds: 1}")) ==
        "f.yaml:4:48: node 'up': 'window' must be 'all', {size, step} or {seconds, step, by}, found a mapping\n"
        "      - {name: up, op: a.b, in: t, out: u, window: {size: 3, seconds: 1}}\n"
        "                                                   ^");
  CHECK(fault(with("window: {size: 3, width: 2}")) ==
        "f.yaml:4:58: node 'up': 'window': no key 'width' (the keys are 'size', 'step', 'by', 'start', 'end' and "
        "'rows')\n"
        "      - {name: up, op: a.b, in: t, out: u, window: {size: 3, width: 2}}\n"
        "                                                             ^");
  CHECK(fault(with("window: {size: 0}")) ==
        "f.yaml:4:55: node 'up': 'window.size' must be a number of at least 1, found '0'\n"
        "      - {name: up, op: a.b, in: t, out: u, window: {size: 0}}\n"
        "                                                          ^");
  CHECK(fault(with("window: {seconds: 2, step: nan}")) ==
        "f.yaml:4:67: node 'up': 'window.step' must be a number of at least 0.001, found 'nan'\n"
        "      - {name: up, op: a.b, in: t, out: u, window: {seconds: 2, step: nan}}\n"
        "                                                                      ^");
  CHECK(fault(with("args: [1]")) ==
        "f.yaml:4:46: node 'up': 'args' must map names to values, found a list\n"
        "      - {name: up, op: a.b, in: t, out: u, args: [1]}\n"
        "                                                 ^");
  CHECK(fault(with("args: ~")).empty());
}

TEST_CASE("spec: names are checked where they stand") {
  const std::string head = "pipit: 1\ninputs: {t: string}\nnodes:\n";
  CHECK(fault(head + "  - {name: a b, op: x.y, in: t, out: u}\noutputs: [u]\n") ==
        "f.yaml:4:12: node 'a b': is not a name; expected letters, digits and '_'\n"
        "      - {name: a b, op: x.y, in: t, out: u}\n"
        "               ^");
  CHECK(fault(head + "  - {op: x.y, in: t, out: u}\noutputs: [u]\n") ==
        "f.yaml:4:5: node 'x.y': lacks 'name'\n"
        "      - {op: x.y, in: t, out: u}\n"
        "        ^");
  CHECK(fault(head + "  - {name: a, in: t, out: u}\noutputs: [u]\n") ==
        "f.yaml:4:5: node 'a': lacks 'op'\n"
        "      - {name: a, in: t, out: u}\n"
        "        ^");
  CHECK(fault(head + "  - just text\noutputs: [u]\n") ==
        "f.yaml:4:5: a node must be a mapping with 'name' and 'op', found 'just text'\n"
        "      - just text\n"
        "        ^");
  CHECK(fault(head + "  - {name: a, op: x.y, in: t, out: u}\n  - {name: a, op: x.y, in: t, out: v}\noutputs: [u]\n") ==
        "f.yaml:5:12: node 'a': duplicate name; first at line 4\n"
        "      - {name: a, op: x.y, in: t, out: v}\n"
        "               ^");
  CHECK(fault(head + "  - {name: a, op: x.y, in: t, out: 'u v'}\noutputs: [u]\n") ==
        "f.yaml:4:36: 'out': 'u v' is not a name; expected letters, digits and '_'\n"
        "      - {name: a, op: x.y, in: t, out: 'u v'}\n"
        "                                       ^");
  CHECK(fault(head + "  - {name: a, op: x.y, in: {p: [t]}, out: u}\noutputs: [u]\n") ==
        "f.yaml:4:32: 'in.p' must be one name, found a list\n"
        "      - {name: a, op: x.y, in: {p: [t]}, out: u}\n"
        "                                   ^");
  CHECK(fault(head + "  - {name: a, op: x.y, in: {p: 1x}, out: u}\noutputs: [u]\n") ==
        "f.yaml:4:32: 'in.p': '1x' is not a name; expected letters, digits and '_'\n"
        "      - {name: a, op: x.y, in: {p: 1x}, out: u}\n"
        "                                   ^");
  CHECK(fault("pipit: 1\ninputs: {item: string, 'a b': int, error: int}\nnodes:\n"
              "  - {name: a, op: x.y, in: t, out: u}\noutputs: {u: 1}\n") ==
        "f.yaml:2:10: input 'item' has the name of a field of every result line; choose another\n"
        "    inputs: {item: string, 'a b': int, error: int}\n"
        "             ^\n"
        "f.yaml:2:24: input 'a b' is not a name; expected letters, digits and '_'\n"
        "    inputs: {item: string, 'a b': int, error: int}\n"
        "                           ^\n"
        "f.yaml:2:36: input 'error' has the name of a field of every result line; choose another\n"
        "    inputs: {item: string, 'a b': int, error: int}\n"
        "                                       ^\n"
        "f.yaml:5:10: 'outputs' must be a name or a list of names, found a mapping\n"
        "    outputs: {u: 1}\n"
        "             ^");
}

TEST_CASE("spec: --set takes the place of what stands in the file") {
  Spec::Options options;
  options.overrides = {{"up.k", "first"}, {"up.k", "last"}, {"up.more", "3"}};
  const Spec spec = Spec::parse(with("args: {k: '${PIPIT_TEST_UNSET}', j: 2}"), "f.yaml", ".", options);
  const auto& args = spec.nodes[0].args;
  REQUIRE(args.size() == 4);
  CHECK(args[0].name == "j");
  CHECK_FALSE(args[0].overrides);
  CHECK(args[2].value.text == "last");
  CHECK(args[2].overrides);
  CHECK(args[2].from_outside);
  CHECK(args[3].name == "more");
}

TEST_CASE("spec: --set of what is not there is told without a line") {
  Spec::Options options;
  options.overrides = {{"upp.k", "1"}, {"vars.weigths", "w"}, {"zebra.k", "1"}, {"vars", "x"}};
  CHECK(fault("pipit: 1\nvars: {weights: a}\n" + with("args: {}").substr(9), options) ==
        "f.yaml: --set upp.k: no node 'upp' (the node is 'up'); did you mean 'up'?\n"
        "f.yaml: --set vars.weigths: no var 'weigths' (there is 'weights'); did you mean 'weights'?\n"
        "f.yaml: --set zebra.k: no node 'zebra' (the node is 'up')\n"
        "f.yaml: --set vars: no var '' (there is 'weights')");
}

TEST_CASE("spec: vars feed arguments and --set changes them") {
  const std::string text =
      "pipit: 1\nvars: {w: \"${PIPIT_TEST_UNSET:-default.pth}\"}\n" + with("args: {k: $w}").substr(9);
  CHECK(Spec::parse(text, "f", ".", {}).nodes[0].args[0].value.text == "default.pth");
  Spec::Options options;
  options.overrides = {{"vars.w", "mine.pth"}};
  const Spec spec = Spec::parse(text, "f", ".", options);
  CHECK(spec.nodes[0].args[0].value.text == "mine.pth");
  CHECK(spec.nodes[0].args[0].from_outside);
  CHECK(fault("pipit: 1\nvars: [a]\n" + with("args: {}").substr(9)) ==
        "f.yaml:2:7: 'vars' must map names to texts, found a list\n"
        "    vars: [a]\n"
        "          ^");
  CHECK(fault("pipit: 1\nvars: {a: [1]}\n" + with("args: {}").substr(9)) ==
        "f.yaml:2:11: var 'a' must be a text or a number, found a list\n"
        "    vars: {a: [1]}\n"
        "              ^");
}

TEST_CASE("spec: what an argument needs from the environment is noted and not yet judged") {
  unsetenv("PIPIT_TEST_UNSET");
  const Spec spec = Spec::parse("pipit: 1\nvars: {w: '${PIPIT_TEST_UNSET}'}\n" +
                                    with("args: {k: $w, list: [a, '${PIPIT_TEST_UNSET}'], j: x}").substr(9),
                                "f.yaml", ".", {});
  const auto& args = spec.nodes[0].args;
  REQUIRE(args[0].unset.size() == 1);
  CHECK(args[0].unset[0].at == SourcePlace{2, 11});
  CHECK(args[0].unset[0].message ==
        "environment variable 'PIPIT_TEST_UNSET' is not set and '${PIPIT_TEST_UNSET}' gives no default");
  REQUIRE(args[1].unset.size() == 1);
  CHECK(args[1].unset[0].at == SourcePlace{5, 64});
  CHECK(args[2].unset.empty());
  CHECK(args[0].value.text == "${PIPIT_TEST_UNSET}");
}

TEST_CASE("spec: a required variable says its own words with the folder of the file") {
  unsetenv("PIPIT_TEST_UNSET");
  const std::string text =
      with("args: {k: '${PIPIT_TEST_UNSET:?no weights: set them, $folder/w.pth or $folder/v.pth}'}");
  const auto told = [&](const char* folder) {
    const Spec spec = Spec::parse(text, "f.yaml", folder, {});
    return spec.nodes.at(0).args.at(0).unset.at(0).message;
  };
  CHECK(told("parts") == "no weights: set them, parts/w.pth or parts/v.pth");
  CHECK(told("") == "no weights: set them, ./w.pth or ./v.pth");
  setenv("PIPIT_TEST_SET", "mine.pth", 1);
  const Spec spec = Spec::parse(with("args: {k: '${PIPIT_TEST_SET:?no weights}'}"), "f.yaml", ".", {});
  CHECK(spec.nodes[0].args[0].value.text == "mine.pth");
}

TEST_CASE("spec: all faults come at once in the order of lines") {
  CHECK(fault("pipit: 1\nfoo: 1\ninputs: {t: string}\nnodes:\n  - {name: a, op: x.y, in: t, out: u, replicas: 0}\n"
              "  - {name: b, in: t}\nvars: {w: $nothing}\noutputs: ['u v']\n") ==
        "f.yaml:2:1: no key 'foo' (the keys are 'pipit', 'name', 'vars', 'inputs', 'nodes', 'outputs' and 'index')\n"
        "    foo: 1\n"
        "    ^\n"
        "f.yaml:5:49: node 'a': 'replicas' must be a number of at least 1, found '0'\n"
        "      - {name: a, op: x.y, in: t, out: u, replicas: 0}\n"
        "                                                    ^\n"
        "f.yaml:6:5: node 'b': lacks 'op'\n"
        "      - {name: b, in: t}\n"
        "        ^\n"
        "f.yaml:7:11: no var 'nothing' (write $$ for a dollar sign)\n"
        "    vars: {w: $nothing}\n"
        "              ^\n"
        "f.yaml:8:11: 'outputs': 'u v' is not a name; expected letters, digits and '_'\n"
        "    outputs: ['u v']\n"
        "              ^");
}

TEST_CASE("spec: a file that cannot be read is told") {
  CHECK_THROWS_WITH_AS(Spec::read("/nowhere/f.yaml", {}),
                       "cannot open pipeline '/nowhere/f.yaml': No such file or directory", pipit::Error);
  CHECK_THROWS_WITH_AS(Spec::read("/tmp", {}), "'/tmp' is a folder; expected a pipeline file", pipit::Error);
}

TEST_CASE("spec: replicas have a most") {
  CHECK(fault(with("replicas: 256")) == "");
  CHECK(fault(with("replicas: 257")) ==
        "f.yaml:4:50: node 'up': 'replicas' must be at most 256, found 257\n"
        "      - {name: up, op: a.b, in: t, out: u, replicas: 257}\n"
        "                                                     ^");
  CHECK(fault(with("replicas: 40000")) ==
        "f.yaml:4:50: node 'up': 'replicas' must be at most 256, found 40000\n"
        "      - {name: up, op: a.b, in: t, out: u, replicas: 40000}\n"
        "                                                     ^");
}

TEST_CASE("spec: a file that is not text is told as that") {
  const std::string name =
      (std::filesystem::temp_directory_path() / ("pipit_spec_" + std::to_string(getpid()))).string();
  const auto said = [&](std::string_view content) -> std::string {
    std::ofstream(name, std::ios::binary) << content;
    try {
      Spec::read(name, {});
      return "";
    } catch (const pipit::Error& e) {
      return std::string(e.what()).substr(name.size() + 2);
    }
  };
  CHECK(said(std::string_view("\0\0\0\x18"
                              "ftypmp42",
                              12)) == " is not a pipeline file: it is not text (line 1 has the byte 0x00)");
  CHECK(said("pipit: 1\nname: \x7f"
             "ELF\n\x01\n") == " is not a pipeline file: it is not text (line 3 has the byte 0x01)");
  CHECK(said("# " + std::string(5 << 20, 'x')) == " is not a pipeline file: it has more than 4 MiB");
  std::filesystem::remove(name);
}

TEST_CASE("spec: a slip in a key is told once and the rest is read as it was meant") {
  CHECK(fault("pipit: 1\ninput: {t: string}\nnodes:\n  - {nam: up, op: a.b, inn: t, outt: u}\noutput: [u]\n") ==
        "f.yaml:2:1: no key 'input' (the keys are 'pipit', 'name', 'vars', 'inputs', 'nodes', 'outputs' and 'index'); "
        "did you "
        "mean 'inputs'?\n"
        "    input: {t: string}\n"
        "    ^\n"
        "f.yaml:4:6: node 'up': no key 'nam' (the keys are 'name', 'op', 'in', 'out', 'keep', 'args', 'window', "
        "'replicas', 'batch', 'queue', 'hold' and 'isolate'); did you mean 'name'?\n"
        "      - {nam: up, op: a.b, inn: t, outt: u}\n"
        "         ^\n"
        "f.yaml:4:24: node 'up': no key 'inn' (the keys are 'name', 'op', 'in', 'out', 'keep', 'args', 'window', "
        "'replicas', 'batch', 'queue', 'hold' and 'isolate'); did you mean 'in'?\n"
        "      - {nam: up, op: a.b, inn: t, outt: u}\n"
        "                           ^\n"
        "f.yaml:4:32: node 'up': no key 'outt' (the keys are 'name', 'op', 'in', 'out', 'keep', 'args', 'window', "
        "'replicas', 'batch', 'queue', 'hold' and 'isolate'); did you mean 'out'?\n"
        "      - {nam: up, op: a.b, inn: t, outt: u}\n"
        "                                   ^\n"
        "f.yaml:5:1: no key 'output' (the keys are 'pipit', 'name', 'vars', 'inputs', 'nodes', 'outputs' and 'index'); "
        "did you "
        "mean 'outputs'?\n"
        "    output: [u]\n"
        "    ^");
}
