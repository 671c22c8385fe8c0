// `op: pipeline`: a file as a node. And constants in the place of columns.
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "graphs.h"
#include "pipelines.h"

using test::one;

namespace {

/// A folder with pipeline files, gone at the end.
class Files {
 public:
  Files() : folder_(std::filesystem::temp_directory_path() / ("pipit_below_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_ / "parts");
  }
  ~Files() { std::filesystem::remove_all(folder_); }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  void write(const std::string& name, const std::string& yaml) const {
    std::ofstream(folder_ / name) << "pipit: 1" << yaml;
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  pipit::Pipeline open(const std::string& name, pipit::Options options = {}) const {
    options.operator_path.emplace_back(PIPIT_TEST_OPERATORS);
    return pipit::Pipeline::open(folder_ / name, options);
  }
  /// The message of opening, without the folder's name.
  std::string fault(const std::string& name, pipit::Options options = {}) const {
    try {
      open(name, std::move(options));
      return "";
    } catch (const pipit::Error& e) {
      std::string text = e.what();
      const std::string folder = folder_.string() + "/";
      for (std::size_t at = 0; (at = text.find(folder)) != std::string::npos;) text.erase(at, folder.size());
      return text;
    }
  }

 private:
  std::filesystem::path folder_;
};

constexpr const char* kLoud = R"(
vars: {mark: "!"}
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: up, op: test/text.upper, in: word, out: word, args: {suffix: $mark}}
  - {name: join, op: test/text.join, in: [word, text], out: joined}
outputs: [joined, text]
)";

}  // namespace

TEST_CASE("below: a file is a node with the columns that it takes and gives") {
  const Files files;
  files.write("parts/loud.yaml", kLoud);
  files.write("main.yaml", R"(
inputs: {text: string}
nodes:
  - {name: first, op: pipeline, in: text, out: [one, same], args: {file: parts/loud.yaml}}
  - {name: second, op: pipeline, in: {text: one}, out: [two, again], args: {file: parts/loud.yaml, vars: {mark: "?"}}}
outputs: [one, two, same, again]
)");
  pipit::Pipeline pipeline = files.open("main.yaml");
  CHECK(one(pipeline, "a b") == "one=a b/A!/B! two=a b/A!/B!/A?/B/A!/B!? same=a b again=a b/A!/B!");
  CHECK(pipeline.stats()[1].name == "first.up");
  CHECK(pipeline.outputs()[1].name == "two");
}

TEST_CASE("below: an item's error and --set name the node inside") {
  const Files files;
  files.write("parts/loud.yaml", kLoud);
  files.write("main.yaml", R"(
inputs: {text: string}
nodes:
  - {name: loud, op: pipeline, in: text, out: [joined, text], args: {file: parts/loud.yaml}}
outputs: [joined]
)");
  pipit::Options options;
  options.set = {{"loud.up.suffix", "#"}};
  pipit::Pipeline pipeline = files.open("main.yaml", options);
  CHECK(one(pipeline, "a") == "joined=a/A#");
  CHECK(one(pipeline, "bad") == "loud.up: bad_text: 'bad' is bad");
  options.set = {{"loud.vars.mark", "+"}};
  pipit::Pipeline marked = files.open("main.yaml", options);
  CHECK(one(marked, "a") == "joined=a/A+");
  options.set = {{"loud.upper.suffix", "#"}};
  CHECK(files.fault("main.yaml", options) ==
        "parts/loud.yaml: --set loud.upper.suffix: no node 'upper' (the nodes are 'words', 'up' and 'join')");
}

TEST_CASE("below: a pipeline inside rows works on each of them") {
  const Files files;
  files.write("parts/loud.yaml", kLoud);
  files.write("main.yaml", R"(
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: each, op: pipeline, in: word, out: [joined, same], args: {file: parts/loud.yaml}}
outputs: [joined]
)");
  pipit::Pipeline pipeline = files.open("main.yaml");
  CHECK(one(pipeline, "a b") == "joined=[a/A! b/B!]");
}

TEST_CASE("below: files take in files of their own folder") {
  const Files files;
  files.write("parts/loud.yaml", kLoud);
  files.write("parts/twice.yaml", R"(
inputs: {text: string}
nodes:
  - {name: a, op: pipeline, in: text, out: [x, t], args: {file: loud.yaml}}
  - {name: b, op: pipeline, in: x, out: [x, t], args: {file: loud.yaml}}
outputs: [x]
)");
  files.write("main.yaml", R"(
inputs: {text: string}
nodes:
  - {name: twice, op: pipeline, in: text, args: {file: parts/twice.yaml}}
outputs: [x]
)");
  pipit::Pipeline pipeline = files.open("main.yaml");
  CHECK(one(pipeline, "a") == "x=a/A!/A/A!!");
  CHECK(pipeline.stats().back().name == "twice.b.join");
}

TEST_CASE("below: faults are told with the file that they stand in") {
  const Files files;
  files.write("parts/loud.yaml", kLoud);
  files.write("parts/wrong.yaml", R"(
inputs: {text: string}
nodes:
  - {name: up, op: test/text.uper, in: text, out: loud}
  - {name: half, op: test/text.half, in: text, out: half}
outputs: [half]
)");
  const auto with = [&](const std::string& node) {
    files.write("main.yaml", "\ninputs: {text: string, n: int}\nnodes:\n  - {name: x, op: pipeline, " + node +
                                 "}\noutputs: [text, n]\n");
    return files.fault("main.yaml");
  };
  CHECK(with("in: text") ==
        "main.yaml:4:19: node 'x': op 'pipeline' needs to know which, args: {file: FILE.yaml}\n"
        "      - {name: x, op: pipeline, in: text}\n"
        "                      ^");
  CHECK(with("in: text, args: {file: no.yaml}") ==
        "main.yaml:4:52: node 'x': cannot open pipeline 'no.yaml': No such file or directory\n"
        "      - {name: x, op: pipeline, in: text, args: {file: no.yaml}}\n"
        "                                                       ^");
  CHECK(with("in: text, args: {file: main.yaml}") ==
        "main.yaml:4:52: node 'x': 'main.yaml' includes itself: main.yaml -> main.yaml\n"
        "      - {name: x, op: pipeline, in: text, args: {file: main.yaml}}\n"
        "                                                       ^");
  CHECK(with("in: text, replicas: 2, args: {file: parts/loud.yaml}") ==
        "main.yaml:4:39: node 'x': no key 'replicas' (the keys are 'name', 'op', 'in', 'out' and 'args')\n"
        "      - {name: x, op: pipeline, in: text, replicas: 2, args: {file: parts/loud.yaml}}\n"
        "                                          ^");
  CHECK(with("in: [text, n], args: {file: parts/loud.yaml}") ==
        "main.yaml:4:33: node 'x': pipeline 'loud.yaml' takes 1 column ('text'), 'in' gives 2\n"
        "      - {name: x, op: pipeline, in: [text, n], args: {file: parts/loud.yaml}}\n"
        "                                    ^");
  CHECK(with("in: {txt: text}, args: {file: parts/loud.yaml}") ==
        "main.yaml:4:34: node 'x': pipeline 'loud.yaml' has no input 'txt' (it takes 'text'); did you mean 'text'?\n"
        "      - {name: x, op: pipeline, in: {txt: text}, args: {file: parts/loud.yaml}}\n"
        "                                     ^");
  CHECK(with("in: text, out: y, args: {file: parts/loud.yaml}") ==
        "main.yaml:4:44: node 'x': pipeline 'loud.yaml' gives 2 columns ('joined' and 'text'), 'out' names 1\n"
        "      - {name: x, op: pipeline, in: text, out: y, args: {file: parts/loud.yaml}}\n"
        "                                               ^");
  CHECK(with("in: n, args: {file: parts/loud.yaml}") ==
        "main.yaml:2:10: input 'text' is not read by any node and is not an output; remove it\n"
        "    inputs: {text: string, n: int}\n"
        "             ^\n"
        "main.yaml:4:33: node 'x': input 'x.text' takes string, 'n' gives int\n"
        "      - {name: x, op: pipeline, in: n, args: {file: parts/loud.yaml}}\n"
        "                                    ^");
  CHECK(with("in: text, args: {file: parts/loud.yaml, vars: {marc: a}}") ==
        "main.yaml:4:76: given x.vars.marc: no var 'marc' (there is 'mark'); did you mean 'mark'?\n"
        "      - {name: x, op: pipeline, in: text, args: {file: parts/loud.yaml, vars: {marc: a}}}\n"
        "                                                                               ^");
  CHECK(with("in: text, args: {file: parts/wrong.yaml}")
            .starts_with("parts/wrong.yaml:4:20: no operator 'test/text.uper'"));
  CHECK(with("in: text, args: {file: parts/wrong.yaml}")
            .ends_with(
                "parts/wrong.yaml:5:42: node 'x.half': input 'number' takes int, 'text' gives string\n      - {name: "
                "half, op: test/text.half, in: text, out: half}\n                                             ^"));
}

TEST_CASE("below: faults above and below come in one round") {
  const Files files;
  files.write("parts/wrong.yaml", R"(
inputs: {text: string}
nodes:
  - {name: up, op: test/text.uper, in: text, out: loud}
  - {name: twice, op: test/text.upper, in: text, out: more, args: {times: x}, replicas: none}
outputs: [loud, more]
)");
  files.write("main.yaml", R"(
inputs: {text: string}
nodes:
  - {name: one, op: pipeline, in: text, out: [a, b], args: {file: parts/wrong.yaml}}
  - {name: two, op: pipeline, in: text, out: [c, d], args: {file: parts/wrong.yaml}}
  - {name: three, op: pipeline, in: text, out: e, args: {file: parts/none.yaml}}
  - {name: four, op: test/text.upper, in: a, out: f, args: {style: soft}}
outputs: [b, d, e, f]
)");
  const std::string said = files.fault("main.yaml");
  CHECK(said.starts_with(
      "main.yaml:6:64: node 'three': cannot open pipeline 'parts/none.yaml': No such file or directory\n      - {name: "
      "three, op: pipeline, in: text, out: e, args: {file: parts/none.yaml}}\n                                         "
      "                          ^\n"
      "main.yaml:7:68: node 'four': argument 'style' takes one of 'plain' and 'loud', found 'soft'\n      - {name: "
      "four, op: test/text.upper, in: a, out: f, args: {style: soft}}\n                                                "
      "                       ^\n"
      "parts/wrong.yaml:4:20: no operator 'test/text.uper'; did you mean 'test/text.upper'? searched: "));
  CHECK(
      said.ends_with("parts/wrong.yaml:5:75: node 'one.twice': argument 'times' takes an int, found 'x'\n      - "
                     "{name: twice, op: test/text.upper, in: text, out: more, args: {times: x}, replicas: none}\n      "
                     "                                                                        ^\n"
                     "parts/wrong.yaml:5:75: node 'two.twice': argument 'times' takes an int, found 'x'\n      - "
                     "{name: twice, op: test/text.upper, in: text, out: more, args: {times: x}, replicas: none}\n      "
                     "                                                                        ^\n"
                     "parts/wrong.yaml:5:89: node 'twice': 'replicas' must be a number of at least 1, found 'none'\n   "
                     "   - {name: twice, op: test/text.upper, in: text, out: more, args: {times: x}, replicas: none}\n "
                     "                                                                                           ^"));
}

TEST_CASE("below: an unset variable matters only where something uses it") {
  unsetenv("PIPIT_TEST_UNSET");
  const Files files;
  files.write("parts/loud.yaml", R"(
vars: {mark: "${PIPIT_TEST_UNSET}", other: "${PIPIT_TEST_UNSET}"}
inputs: {text: string}
nodes:
  - {name: up, op: test/text.upper, in: text, out: loud, args: {suffix: $mark}}
outputs: [loud]
)");
  const auto with = [&](const std::string& vars, const pipit::Options& options = {}) {
    files.write("main.yaml",
                "\nvars: {v: '${PIPIT_TEST_UNSET}'}\ninputs: {text: string}\nnodes:\n"
                "  - {name: x, op: pipeline, in: text, args: {file: parts/loud.yaml, vars: {" +
                    vars + "}}}\noutputs: [loud]\n");
    return files.fault("main.yaml", options);
  };
  const std::string told =
      "environment variable 'PIPIT_TEST_UNSET' is not set and '${PIPIT_TEST_UNSET}' gives no default";
  CHECK(with("") ==
        "parts/loud.yaml:2:14: " + told +
            "\n    vars: {mark: \"${PIPIT_TEST_UNSET}\", other: \"${PIPIT_TEST_UNSET}\"}\n                 ^");
  CHECK(with("mark: a").empty());
  CHECK(with("mark: a, other: $v").empty());
  CHECK(with("mark: $v") == "main.yaml:2:11: " + told + "\n    vars: {v: '${PIPIT_TEST_UNSET}'}\n              ^");
  pipit::Options set;
  set.set = {{"x.up.suffix", "a"}};
  CHECK(with("mark: $v", set).empty());
}

TEST_CASE("below: files that take in each other many times are stopped in no time") {
  const Files files;
  files.write("parts/0.yaml", R"(
inputs: {text: string}
nodes:
  - {name: up, op: test/text.upper, in: text, out: text}
outputs: [text]
)");
  for (int i = 1; i < 15; ++i) {
    std::string yaml = "\ninputs: {text: string}\nnodes:\n";
    for (int node = 0; node < 40; ++node) {
      yaml += "  - {name: n" + std::to_string(node) +
              ", op: pipeline, in: text, out: text, args: {file: " + std::to_string(i - 1) + ".yaml}}\n";
    }
    files.write("parts/" + std::to_string(i) + ".yaml", yaml + "outputs: [text]\n");
  }
  files.write("main.yaml", R"(
inputs: {text: string}
nodes:
  - {name: all, op: pipeline, in: text, out: text, args: {file: parts/14.yaml}}
outputs: [text]
)");
  const std::string said = files.fault("main.yaml");
  CHECK(said.find("with '0.yaml' the pipeline is made of more than 1000 files") != std::string::npos);
  CHECK_MESSAGE(std::count(said.begin(), said.end(), '\n') == 2, "one fault with its line");
}

TEST_CASE("constants: a value stands in the place of a column") {
  pipit::Pipeline pipeline = test::open(R"(
vars: {end: "!"}
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: both, op: test/text.pair, in: [word, {value: $end}], out: word}
  - {name: join, op: test/text.join, in: {prefix: {value: so}, words: word}, out: joined}
  - {name: count, op: test/text.count, in: [{value: 2}], out: number}
outputs: [joined, number]
)");
  CHECK(one(pipeline, "a b") == "joined=so/a+!/b+! number=[0 1]");
  CHECK(one(pipeline, "") == "joined=so number=[0 1]");
}

TEST_CASE("constants: one of a wrong type is told") {
  CHECK(test::fault(R"(
inputs: {text: string}
nodes:
  - {name: up, op: test/text.upper, in: [{valu: 7}], out: loud}
outputs: [text, loud]
)") == "f.yaml:4:42: 'in' must be a column or a constant, {value: …}, found a mapping\n"
       "      - {name: up, op: test/text.upper, in: [{valu: 7}], out: loud}\n"
       "                                             ^");
  CHECK(test::fault(R"(
inputs: {text: string}
nodes:
  - {name: up, op: test/text.upper, in: [{value: 7}], out: loud}
outputs: [text, loud]
)") == "f.yaml:4:50: node 'up': input 'text' takes string, the constant is int\n"
       "      - {name: up, op: test/text.upper, in: [{value: 7}], out: loud}\n"
       "                                                     ^");
}
