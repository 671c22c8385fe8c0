#include "graph/arguments.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

using pipit::Argument;
using pipit::ArgumentType;
using pipit::OperatorSignature;
using pipit::Value;

namespace {

OperatorSignature signature(const std::vector<std::array<const char*, 4>>& arguments) {
  OperatorSignature signature;
  for (const auto& [name, type, fallback, alias] : arguments) {
    Argument argument{name, type, ArgumentType::parse(type), {}, "what it is for", alias, {}};
    if (fallback != nullptr) argument.default_text = fallback;
    signature.arguments.push_back(argument);
  }
  return signature;
}

/// Arguments as YAML, then `--set`s; the faults are appended to `said`.
Value bound(const OperatorSignature& signature, const std::string& args, std::string* said,
            std::vector<pipit::Override> sets = {}) {
  pipit::Spec::Options options;
  options.overrides = std::move(sets);
  const pipit::Spec spec = pipit::Spec::parse(
      "pipit: 1\nnodes:\n  - {name: n, op: a.b, in: t, out: u,\n     args: " + args + "}\noutputs: [u]\n", "f", "files",
      options);
  const pipit::ArgumentFaults tell{
      [&](pipit::SourcePlace at, const std::string& message) {
        *said += std::to_string(at.line) + ":" + std::to_string(at.column) + ": " + message + "\n";
      },
      [&](const pipit::UnsetVariable& variable) { *said += "unset: " + variable.message + "\n"; }};
  return pipit::bind_arguments(signature, spec.nodes[0], spec.folder, tell);
}

std::string faults(const OperatorSignature& signature, const std::string& args) {
  std::string said;
  bound(signature, args, &said);
  return said;
}

}  // namespace

TEST_CASE("arguments: each type takes its own values") {
  const OperatorSignature s = signature({{"s", "string", "", ""},
                                         {"p", "path", "null", ""},
                                         {"i", "int", "1", ""},
                                         {"f", "float", "0.5", ""},
                                         {"b", "bool", "false", ""},
                                         {"e", "enum(cpu|cuda)", "cpu", ""},
                                         {"l", "list<string>", "[a, b]", ""},
                                         {"m", "map", "null", ""},
                                         {"a", "any", "null", ""}});
  std::string said;
  Value v = bound(s, "{}", &said);
  CHECK(said == "");
  CHECK(v.get("s").string() == "");
  CHECK(v.get("p").is_null());
  CHECK(v.get("i").integer() == 1);
  CHECK(v.get("f").number() == 0.5);
  CHECK_FALSE(v.get("b").boolean());
  CHECK(v.get("e").string() == "cpu");
  REQUIRE(v.get("l").kind() == pipit::Kind::kList);
  CHECK(v.get("l").list()[1].string() == "b");
  CHECK(v.map_size() == 9);

  v = bound(s, "{s: '12', p: a/b.pth, i: -3, f: 2, b: true, e: cuda, l: [x], m: {k: [1]}, a: [1, x]}", &said);
  CHECK(said == "");
  CHECK(v.get("s").string() == "12");
  CHECK_MESSAGE(v.get("p").string() == "files/a/b.pth", "relative to the file");
  CHECK(v.get("f").kind() == pipit::Kind::kFloat);
  CHECK(v.get("l").list().size() == 1);
  CHECK(v.get("m").get("k").list()[0].integer() == 1);
  CHECK(bound(s, "{p: /abs.pth}", &said).get("p").string() == "/abs.pth");
  CHECK_MESSAGE(bound(s, "{i: ~}", &said).get("i").integer() == 1, "null is as if not given");
}

TEST_CASE("arguments: what is unknown or missing or wrong is told with what was expected") {
  const OperatorSignature s = signature({{"num_samples", "int", nullptr, "args.num_samples"},
                                         {"device", "enum(cpu|cuda)", "cpu", ""},
                                         {"ratio", "float", "1", ""},
                                         {"names", "list<string>", "null", ""},
                                         {"options", "map", "null", ""}});
  CHECK(faults(s, "{}") == "3:19: operator 'a.b' needs argument 'num_samples' (int): what it is for\n");
  CHECK(faults(s, "{num_sample: 3, num_samples: 1}") ==
        "4:13: operator 'a.b' has no argument 'num_sample' (it takes 'num_samples', 'device', 'ratio', 'names' and "
        "'options'); did you mean 'num_samples'?\n");
  CHECK(faults(s, "{num_samples: twelve}") == "4:26: argument 'num_samples' takes an int, found 'twelve'\n");
  CHECK(faults(s, "{num_samples: 1.5}") == "4:26: argument 'num_samples' takes an int, found float 1.5\n");
  CHECK(faults(s, "{num_samples: '3'}") == "4:26: argument 'num_samples' takes an int, found '3'\n");
  CHECK(faults(s, "{num_samples: [3]}") == "4:26: argument 'num_samples' takes an int, found a list\n");
  CHECK(faults(s, "{num_samples: 1, device: cud}") ==
        "4:37: argument 'device' takes one of 'cpu' and 'cuda', found 'cud'; did you mean 'cuda'?\n");
  CHECK(faults(s, "{num_samples: 1, device: 3}") ==
        "4:37: argument 'device' takes one of 'cpu' and 'cuda', found int 3\n");
  CHECK(faults(s, "{num_samples: 1, ratio: big}") == "4:36: argument 'ratio' takes a float, found 'big'\n");
  CHECK(faults(s, "{num_samples: 1, names: x}") == "4:36: argument 'names' takes a list of strings, found 'x'\n");
  CHECK(faults(s, "{num_samples: 1, names: [x, 2]}") ==
        "4:40: argument 'names' takes a list of strings, found int 2 as its item 2\n");
  CHECK(faults(s, "{num_samples: 1, options: [1]}") == "4:38: argument 'options' takes a map, found a list\n");
  CHECK(faults(signature({}), "{x: 1}") == "4:13: operator 'a.b' has no argument 'x' (it takes none)\n");
  CHECK(faults(signature({{"s", "string", nullptr, ""}}), "{s: 12}") ==
        "4:16: argument 's' takes a string, found int 12\n");
}

TEST_CASE("arguments: a nested spelling is the same argument") {
  const OperatorSignature s = signature({{"num_samples", "int", "1", "args.num_samples"}});
  std::string said;
  CHECK(bound(s, "{args: {num_samples: 12}}", &said).get("num_samples").integer() == 12);
  CHECK(bound(s, "{args: {num_samples: 12}}", &said, {{"n.num_samples", "4"}}).get("num_samples").integer() == 4);
  CHECK(bound(s, "{num_samples: 12}", &said, {{"n.args.num_samples", "4"}}).get("num_samples").integer() == 4);
  CHECK(said == "");
  CHECK(faults(s, "{args: {num_samples: 12}, num_samples: 3}") == "4:38: duplicate argument 'num_samples'\n");
  CHECK(faults(s, "{args: {num_sample: 12}}") ==
        "4:20: operator 'a.b' has no argument 'args.num_sample' (it takes 'num_samples')\n");
}

TEST_CASE("arguments: --set gives texts that mean what the argument wants") {
  const OperatorSignature s = signature({{"s", "string", "", ""},
                                         {"p", "path", "null", ""},
                                         {"i", "int", "1", ""},
                                         {"l", "list<int>", "null", ""},
                                         {"m", "map", "null", ""}});
  std::string said;
  const Value v =
      bound(s, "{s: x, i: 2}", &said,
            {{"n.s", "a"}, {"n.s", "12"}, {"n.p", "rel.pth"}, {"n.i", "7"}, {"n.l", "[1, 2]"}, {"n.m", "{k: v}"}});
  CHECK(said == "");
  CHECK_MESSAGE(v.get("s").string() == "12", "the last one wins, and a string may look like a number");
  CHECK_MESSAGE(v.get("p").string() == "rel.pth", "relative to the working directory");
  CHECK(v.get("i").integer() == 7);
  CHECK(v.get("l").list()[1].integer() == 2);
  CHECK(v.get("m").get("k").string() == "v");
  CHECK(bound(s, "{}", &said, {{"n.p", "[v2] {x}.pth"}}).get("p").string() == "[v2] {x}.pth");
  CHECK(said == "");
  bound(s, "{}", &said, {{"n.i", "x"}, {"n.l", "[1, 2"}, {"n.k", "1"}});
  CHECK(said ==
        "0:0: operator 'a.b' has no argument 'k' (it takes 's', 'p', 'i', 'l' and 'm')\n"
        "0:0: argument 'i' takes an int, found 'x'\n"
        "0:0: argument 'l' takes a list of ints, found '[1, 2'\n");
}

TEST_CASE("arguments: values outside of what the signature says are refused with what it says") {
  const auto with_values = [](const char* type, const char* values, const char* fallback = nullptr) {
    OperatorSignature s = signature({{"x", type, fallback, ""}, {"w", "path", "null", ""}});
    s.arguments[0].values = pipit::ArgumentValues::parse(values, type);
    return s;
  };
  const OperatorSignature least = with_values("int", "range:1..");
  CHECK(faults(least, "{x: 0}") == "4:16: argument 'x' takes an int of at least 1, found 0\n");
  CHECK(faults(least, "{x: one}") == "4:16: argument 'x' takes an int of at least 1, found 'one'\n");
  CHECK(faults(least, "{x: 1}").empty());
  const OperatorSignature between = with_values("int", "range:0..2");
  CHECK(faults(between, "{x: 7}") == "4:16: argument 'x' takes an int from 0 to 2, found 7\n");
  CHECK(faults(between, "{x: 2}").empty());
  const OperatorSignature ratio = with_values("float", "range:..0.5");
  CHECK(faults(ratio, "{x: 0.6}") == "4:16: argument 'x' takes a float of at most 0.5, found 0.6\n");
  CHECK(faults(ratio, "{x: 0}").empty());
  const OperatorSignature model = with_values("string", "one_of:auto|b32=base_patch32|l14");
  CHECK(faults(model, "{x: atuo}") ==
        "4:16: argument 'x' takes one of 'auto', 'b32' and 'l14', found 'atuo'; did you mean 'auto'?\n");
  CHECK(
      faults(model, "{x: hub/model}") ==
      "4:16: argument 'x' takes one of 'auto', 'b32' and 'l14', found 'hub/model'; the path of a file goes into 'w'\n");
  std::string said;
  CHECK(bound(model, "{x: base_patch32}", &said).get("x").string() == "b32");
  CHECK(said == "");
  const OperatorSignature device = with_values("string", "format:device");
  CHECK(faults(device, "{x: gpu}") == "4:16: argument 'x' takes 'cpu', 'cuda' or 'cuda:N', found 'gpu'\n");
  CHECK(faults(device, "{x: 'cuda:1'}").empty());
  const OperatorSignature sum = with_values("string", "format:sha256", "null");
  CHECK(faults(sum, "{x: abc}") == "4:16: argument 'x' takes a SHA-256 sum (64 hexadecimal digits), found 'abc'\n");
  CHECK(faults(sum, "{}").empty());
  const OperatorSignature list = with_values("list<int>", "range:1..3");
  CHECK(faults(list, "{x: [1, 4]}") == "4:20: argument 'x' takes a list of ints from 1 to 3, found 4 as its item 2\n");
  const OperatorSignature lists = with_values("list<string>", "one_of:a|b");
  CHECK(faults(lists, "{x: [a, c]}") ==
        "4:20: argument 'x' takes a list of strings, each one of 'a' and 'b', found 'c' as its item 2\n");
}

TEST_CASE("arguments: a path is looked for as its signature says") {
  const auto with_path = [](const char* values) {
    OperatorSignature s = signature({{"x", "path", nullptr, ""}});
    s.arguments[0].values = pipit::ArgumentValues::parse(values, "path");
    return s;
  };
  CHECK(faults(with_path("path:file"), "{x: no/where}") == "4:16: argument 'x': 'files/no/where' does not exist\n");
  CHECK(faults(with_path("path:file"), "{x: /}") == "4:16: argument 'x': '/' is a folder, not a file\n");
  CHECK(faults(with_path("path:folder"), "{x: /dev/null}") ==
        "4:16: argument 'x': '/dev/null' is a file, not a folder\n");
  CHECK(faults(with_path("path:file"), "{x: ''}") == "4:16: argument 'x': '' is not a path\n");
  CHECK(faults(with_path("path:file|folder"), "{x: /}").empty());
  CHECK(faults(with_path("path:file"), "{x: /dev/null}").empty());
  CHECK_MESSAGE(faults(with_path(""), "{x: no/where}").empty(), "as modules of version 1.0 have it");
}

TEST_CASE("arguments: one with a slip in its name is judged as the one that was meant") {
  const OperatorSignature s = signature({{"num_samples", "int", nullptr, ""}});
  CHECK(faults(s, "{num_sample: x}") ==
        "4:13: operator 'a.b' has no argument 'num_sample' (it takes 'num_samples'); did you mean 'num_samples'?\n"
        "4:25: argument 'num_samples' takes an int, found 'x'\n");
}

TEST_CASE("arguments: what needs an unset variable is told and not judged") {
  unsetenv("PIPIT_TEST_UNSET");
  const OperatorSignature s = signature({{"i", "int", "1", "args.i"}});
  const std::string unset =
      "unset: environment variable 'PIPIT_TEST_UNSET' is not set and '${PIPIT_TEST_UNSET}' gives no default\n";
  std::string said;
  CHECK(bound(s, "{i: '${PIPIT_TEST_UNSET}'}", &said).get("i").is_null());
  CHECK(said == unset);
  said.clear();
  CHECK(bound(s, "{i: '${PIPIT_TEST_UNSET}'}", &said, {{"n.i", "3"}}).get("i").integer() == 3);
  CHECK(bound(s, "{args: {i: '${PIPIT_TEST_UNSET}'}}", &said, {{"n.i", "3"}}).get("i").integer() == 3);
  CHECK(bound(s, "{i: '${PIPIT_TEST_UNSET}'}", &said, {{"n.args.i", "3"}}).get("i").integer() == 3);
  CHECK(said == "");
}
