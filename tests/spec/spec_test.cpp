#include "spec/spec.h"

#include <doctest/doctest.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

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
  CHECK(spec.nodes[0].line == 5);
  CHECK(spec.nodes[0].op_line == 6);
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
  CHECK(spec.outputs_line == 11);
}

TEST_CASE("spec: what is no pipeline is told") {
  CHECK(fault("- a\n") ==
        "f.yaml:1: expected a pipeline (keys 'pipit', 'name', 'vars', 'inputs', 'nodes', 'outputs' and 'index'), found "
        "a list");
  CHECK(fault("hello\n") ==
        "f.yaml:1: expected a pipeline (keys 'pipit', 'name', 'vars', 'inputs', 'nodes', 'outputs' and 'index'), found "
        "'hello'");
  CHECK(fault("nodes: []\n") ==
        "f.yaml:1: the first line must say which pipeline format this is: 'pipit: 1'\n"
        "f.yaml:1: 'nodes' must be a list of at least one node\n"
        "f.yaml:1: 'outputs' must name at least one column");
  CHECK(fault("pipit: 2\nnodes:\n  - {name: a, op: b.c, in: t, out: u}\noutputs: u\n") ==
        "f.yaml:1: pipeline format '2' is not known; this runtime reads 'pipit: 1'");
}

TEST_CASE("spec: unknown keys get a near name") {
  CHECK(fault("pipit: 1\nnode: []\noutputs: u\n") ==
        "f.yaml:2: no key 'node' (the keys are 'pipit', 'name', 'vars', 'inputs', 'nodes', 'outputs' and 'index'); did "
        "you mean "
        "'nodes'?\n"
        "f.yaml:2: 'nodes' must be a list of at least one node");
  CHECK(fault(with("replica: 2")) ==
        "f.yaml:4: node 'up': no key 'replica' (the keys are 'name', 'op', 'in', 'out', 'keep', 'args', 'window', "
        "'replicas', 'batch', 'queue' and 'hold'); did you mean 'replicas'?");
  CHECK(fault(with("queue: {rows: 2}")) ==
        "f.yaml:4: node 'up': 'queue': no key 'rows' (the keys are 'items' and 'mib')");
}

TEST_CASE("spec: values of a wrong form are told with what was found") {
  CHECK(fault(with("replicas: 0")) == "f.yaml:4: node 'up': 'replicas' must be a number of at least 1, found '0'");
  CHECK(fault(with("replicas: -1")) == "f.yaml:4: node 'up': 'replicas' must be a number of at least 1, found '-1'");
  CHECK(fault(with("replicas: two")) == "f.yaml:4: node 'up': 'replicas' must be a number of at least 1, found 'two'");
  CHECK(fault(with("replicas: 2.5")) == "f.yaml:4: node 'up': 'replicas' must be a number of at least 1, found '2.5'");
  CHECK(fault(with("replicas: [2]")) == "f.yaml:4: node 'up': 'replicas' must be a number of at least 1, found a list");
  CHECK(fault(with("queue: 5")) == "f.yaml:4: node 'up': 'queue' must be a mapping of 'items' and 'mib', found '5'");
  CHECK(fault(with("queue: {mib: nan}")) ==
        "f.yaml:4: node 'up': 'queue.mib' must be a number of at least 0.001, found 'nan'");
  CHECK(fault(with("batch: 16")) ==
        "f.yaml:4: node 'up': 'batch' must be a mapping of 'max' and 'wait_ms', found '16'");
  CHECK(fault(with("hold: 16")) == "f.yaml:4: node 'up': 'hold' must say how much: {mib: N}");
  CHECK(fault(with("window: some")) ==
        "f.yaml:4: node 'up': 'window' must be 'all', {size, step} or {seconds, step, by}, found 'some'");
  CHECK(fault(with("window: {size: 3, seconds: 1}")) ==
        "f.yaml:4: node 'up': 'window' must be 'all', {size, step} or {seconds, step, by}, found a mapping");
  CHECK(fault(with("window: {size: 3, width: 2}")) ==
        "f.yaml:4: node 'up': 'window': no key 'width' (the keys are 'size', 'step', 'by', 'start', 'end' and 'rows')");
  CHECK(fault(with("window: {size: 0}")) ==
        "f.yaml:4: node 'up': 'window.size' must be a number of at least 1, found '0'");
  CHECK(fault(with("window: {seconds: 2, step: nan}")) ==
        "f.yaml:4: node 'up': 'window.step' must be a number of at least 0.001, found 'nan'");
  CHECK(fault(with("args: [1]")) == "f.yaml:4: node 'up': 'args' must map names to values, found a list");
  CHECK(fault(with("args: ~")).empty());
}

TEST_CASE("spec: names are checked where they stand") {
  const std::string head = "pipit: 1\ninputs: {t: string}\nnodes:\n";
  CHECK(fault(head + "  - {name: a b, op: x.y, in: t, out: u}\noutputs: [u]\n") ==
        "f.yaml:4: node 'a b': is no name; expected letters, digits and '_'");
  CHECK(fault(head + "  - {op: x.y, in: t, out: u}\noutputs: [u]\n") == "f.yaml:4: node 'x.y': lacks 'name'");
  CHECK(fault(head + "  - {name: a, in: t, out: u}\noutputs: [u]\n") == "f.yaml:4: node 'a': lacks 'op'");
  CHECK(fault(head + "  - just text\noutputs: [u]\n") ==
        "f.yaml:4: a node must be a mapping with 'name' and 'op', found 'just text'");
  CHECK(fault(head + "  - {name: a, op: x.y, in: t, out: u}\n  - {name: a, op: x.y, in: t, out: v}\noutputs: [u]\n") ==
        "f.yaml:5: node 'a': stands twice; first at line 4");
  CHECK(fault(head + "  - {name: a, op: x.y, in: t, out: 'u v'}\noutputs: [u]\n") ==
        "f.yaml:4: 'out': 'u v' is no name; expected letters, digits and '_'");
  CHECK(fault(head + "  - {name: a, op: x.y, in: {p: [t]}, out: u}\noutputs: [u]\n") ==
        "f.yaml:4: 'in.p' must be one name, found a list");
  CHECK(fault(head + "  - {name: a, op: x.y, in: {p: 1x}, out: u}\noutputs: [u]\n") ==
        "f.yaml:4: 'in.p': '1x' is no name; expected letters, digits and '_'");
  CHECK(fault("pipit: 1\ninputs: {item: string, 'a b': int, error: int}\nnodes:\n"
              "  - {name: a, op: x.y, in: t, out: u}\noutputs: {u: 1}\n") ==
        "f.yaml:2: input 'item' has the name of a field of every result line; choose another\n"
        "f.yaml:2: input 'a b' is no name; expected letters, digits and '_'\n"
        "f.yaml:2: input 'error' has the name of a field of every result line; choose another\n"
        "f.yaml:5: 'outputs' must be a name or a list of names, found a mapping");
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
        "f.yaml:2: 'vars' must map names to texts, found a list");
  CHECK(fault("pipit: 1\nvars: {a: [1]}\n" + with("args: {}").substr(9)) ==
        "f.yaml:2: var 'a' must be a text or a number, found a list");
}

TEST_CASE("spec: what an argument needs from the environment is noted and not yet judged") {
  unsetenv("PIPIT_TEST_UNSET");
  const Spec spec = Spec::parse("pipit: 1\nvars: {w: '${PIPIT_TEST_UNSET}'}\n" +
                                    with("args: {k: $w, list: [a, '${PIPIT_TEST_UNSET}'], j: x}").substr(9),
                                "f.yaml", ".", {});
  const auto& args = spec.nodes[0].args;
  REQUIRE(args[0].unset.size() == 1);
  CHECK(args[0].unset[0].line == 2);
  CHECK(args[0].unset[0].message ==
        "environment variable 'PIPIT_TEST_UNSET' is not set and '${PIPIT_TEST_UNSET}' gives no default");
  REQUIRE(args[1].unset.size() == 1);
  CHECK(args[1].unset[0].line == 5);
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
        "f.yaml:2: no key 'foo' (the keys are 'pipit', 'name', 'vars', 'inputs', 'nodes', 'outputs' and 'index')\n"
        "f.yaml:5: node 'a': 'replicas' must be a number of at least 1, found '0'\n"
        "f.yaml:6: node 'b': lacks 'op'\n"
        "f.yaml:7: no var 'nothing' (write $$ for a dollar sign)\n"
        "f.yaml:8: 'outputs': 'u v' is no name; expected letters, digits and '_'");
}

TEST_CASE("spec: a file that cannot be read is told") {
  CHECK_THROWS_WITH_AS(Spec::read("/nowhere/f.yaml", {}),
                       "cannot open pipeline '/nowhere/f.yaml': No such file or directory", pipit::Error);
  CHECK_THROWS_WITH_AS(Spec::read("/tmp", {}), "'/tmp' is a folder; expected a pipeline file", pipit::Error);
}

TEST_CASE("spec: replicas have a most") {
  CHECK(fault(with("replicas: 256")) == "");
  CHECK(fault(with("replicas: 257")) == "f.yaml:4: node 'up': 'replicas' must be at most 256, found 257");
  CHECK(fault(with("replicas: 40000")) == "f.yaml:4: node 'up': 'replicas' must be at most 256, found 40000");
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
        "f.yaml:2: no key 'input' (the keys are 'pipit', 'name', 'vars', 'inputs', 'nodes', 'outputs' and 'index'); "
        "did you mean "
        "'inputs'?\n"
        "f.yaml:4: node 'up': no key 'nam' (the keys are 'name', 'op', 'in', 'out', 'keep', 'args', 'window', "
        "'replicas', 'batch', 'queue' and 'hold'); did you mean 'name'?\n"
        "f.yaml:4: node 'up': no key 'inn' (the keys are 'name', 'op', 'in', 'out', 'keep', 'args', 'window', "
        "'replicas', 'batch', 'queue' and 'hold'); did you mean 'in'?\n"
        "f.yaml:4: node 'up': no key 'outt' (the keys are 'name', 'op', 'in', 'out', 'keep', 'args', 'window', "
        "'replicas', 'batch', 'queue' and 'hold'); did you mean 'out'?\n"
        "f.yaml:5: no key 'output' (the keys are 'pipit', 'name', 'vars', 'inputs', 'nodes', 'outputs' and 'index'); "
        "did you "
        "mean 'outputs'?");
}
