// `op: pipeline`: a file as a node. And constants in the place of columns.
#include <doctest/doctest.h>
#include <unistd.h>

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
  CHECK(files.fault("main.yaml", options) == "parts/loud.yaml: --set loud.upper.suffix: no node 'upper'");
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
  CHECK(with("in: text") == "main.yaml:4: node 'x': op 'pipeline' needs to know which, args: {file: FILE.yaml}");
  CHECK(with("in: text, args: {file: no.yaml}") ==
        "main.yaml:4: node 'x': cannot open pipeline 'no.yaml': No such file or directory");
  CHECK(with("in: text, args: {file: main.yaml}") ==
        "main.yaml:4: node 'x': 'main.yaml' takes in itself: main.yaml -> main.yaml");
  CHECK(with("in: text, replicas: 2, args: {file: parts/loud.yaml}") ==
        "main.yaml:4: node 'x': no key 'replicas'; expected 'name', 'op', 'in', 'out' and 'args'");
  CHECK(with("in: [text, n], args: {file: parts/loud.yaml}") ==
        "main.yaml:4: node 'x': pipeline 'loud.yaml' takes 1 column ('text'), 'in' gives 2");
  CHECK(with("in: {txt: text}, args: {file: parts/loud.yaml}") ==
        "main.yaml:4: node 'x': pipeline 'loud.yaml' has no input 'txt'; did you mean 'text'?; it has 'text'");
  CHECK(with("in: text, out: y, args: {file: parts/loud.yaml}") ==
        "main.yaml:4: node 'x': pipeline 'loud.yaml' gives 2 columns ('joined' and 'text'), 'out' names 1");
  CHECK(with("in: n, args: {file: parts/loud.yaml}") ==
        "main.yaml:2: input 'text' is read by no node and is no output; remove it\n"
        "main.yaml:4: node 'x': input 'x.text' takes string, 'n' gives int");
  CHECK(with("in: text, args: {file: parts/loud.yaml, vars: {marc: a}}") ==
        "parts/loud.yaml: given x.vars.marc: no var 'marc'; did you mean 'mark'?");
  CHECK(
      with("in: text, args: {file: parts/wrong.yaml}").starts_with("parts/wrong.yaml:4: no operator 'test/text.uper'"));
  CHECK(with("in: text, args: {file: parts/wrong.yaml}")
            .ends_with("parts/wrong.yaml:5: node 'x.half': input 'number' takes int, 'text' gives string"));
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
)") == "f.yaml:4: 'in' must be a column or a constant, {value: …}, found a mapping");
  CHECK(test::fault(R"(
inputs: {text: string}
nodes:
  - {name: up, op: test/text.upper, in: [{value: 7}], out: loud}
outputs: [text, loud]
)") == "f.yaml:4: node 'up': input 'text' takes string, the constant is int");
}
