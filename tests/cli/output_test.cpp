// Where results go, and what becomes of a run that cannot write them.
#include <doctest/doctest.h>

#include <cstring>
#include <string>

#include "scene.h"

using test::Outcome;
using test::Scene;

namespace {

const char* const kUpper = R"(pipit: 1
inputs: {text: string}
nodes:
  - {name: up, op: test/text.upper, in: text, out: loud}
outputs: [loud]
)";

const char* const kCodes = R"(pipit: 1
inputs: {text: string}
nodes:
  - {name: codes, op: test/text.codes, in: text, out: codes}
outputs: [text, codes]
)";

}  // namespace

TEST_CASE("output: a file takes the lines of this run alone") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  scene.write("out.jsonl", "a line of an earlier run that was longer\n");
  const Outcome outcome = scene.run({"run", "up.yaml", "--input", "text=a", "--output", "out.jsonl"});
  CHECK(outcome.out == "");
  CHECK(scene.read("out.jsonl") == "{\"item\":0,\"loud\":\"A\"}\n");
  CHECK(outcome.status == 0);
}

TEST_CASE("output: a path that cannot be written is found before the first item") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  const Outcome missing = scene.run({"run", "up.yaml", "--input", "text=a", "--output", "none/out.jsonl", "-v"});
  CHECK(missing.err == "cannot write 'none/out.jsonl': No such file or directory\n");
  CHECK(missing.status == 3);
  const Outcome folder = scene.run({"run", "up.yaml", "--input", "text=a", "--output", "/tmp"});
  CHECK(folder.err == "cannot write '/tmp': Is a directory\n");
  CHECK(folder.status == 3);
  const Outcome stats = scene.run({"run", "up.yaml", "--input", "text=a", "--stats", "none/s.json"});
  CHECK(stats.err == "cannot write 'none/s.json': No such file or directory\n");
  CHECK(stats.out == "");
  CHECK(stats.status == 3);
}

TEST_CASE("output: a full disk ends the run") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  std::string lines;
  for (int i = 0; i < 5000; ++i) lines += "{\"text\":\"a\"}\n";
  const Outcome file = scene.run({"run", "up.yaml", "--inputs", "-", "--output", "/dev/full"}, lines);
  CHECK(file.err == "cannot write '/dev/full': No space left on device\n");
  CHECK(file.status == 3);
  const Outcome standard = scene.shell("$PIPIT run up.yaml --input text=a >/dev/full");
  CHECK(standard.err == "cannot write standard output: No space left on device\n");
  CHECK(standard.status == 3);
}

TEST_CASE("output: standard output that is a file is cut to whole lines on a full disk") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += "{\"text\":\"" + std::string(100, 'a') + "\"}\n";
  scene.write("in.jsonl", lines);
  const std::string line = ",\"loud\":\"" + std::string(100, 'A') + "\"}\n";
  for (const std::string redirect : {">", ">>"}) {
    // A limit on the size of files stands for the end of the disk.
    const Outcome outcome = scene.shell(
        "echo first >out; ulimit -f 1; trap '' XFSZ; $PIPIT run up.yaml --inputs in.jsonl " + redirect + "out");
    CHECK(outcome.err == "cannot write standard output: File too large\n");
    CHECK(outcome.status == 3);
    std::string expected = redirect == ">" ? "" : "first\n";
    for (int i = 0; expected.size() + line.size() + 10 < 1024; ++i) expected += "{\"item\":" + std::to_string(i) + line;
    CHECK(scene.read("out") == expected);
  }
}

TEST_CASE("output: a reader that closes the pipe ends the run") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  std::string lines;
  for (int i = 0; i < 20000; ++i) lines += "{\"text\":\"" + std::string(50, 'a') + "\"}\n";
  scene.write("in.jsonl", lines);
  const Outcome outcome =
      scene.shell("$PIPIT run up.yaml --inputs in.jsonl | head -n 2; echo \"status ${PIPESTATUS[0]}\"");
  const std::string line = std::string(50, 'A');
  CHECK(outcome.out == "{\"item\":0,\"loud\":\"" + line + "\"}\n{\"item\":1,\"loud\":\"" + line + "\"}\nstatus 3\n");
  CHECK(outcome.err == "cannot write standard output: Broken pipe\n");
}

TEST_CASE("output: a closed pipe does not wait for an operator that never returns") {
  const Scene scene;
  scene.write("sleep.yaml",
              "pipit: 1\ninputs: {text: string, ms: string}\nnodes:\n"
              "  - {name: long, op: test/text.longer, in: text, keep: text, out: slow, args: {than: 3}}\n"
              "  - {name: sleep, op: test/text.sleep, in: slow, out: slow, args: {ms: 100000000}}\n"
              "outputs: [text, slow, ms]\n");
  std::string lines;
  for (int i = 0; i < 60; ++i) lines += "{\"text\":\"a\",\"ms\":\"" + std::string(2000, 'x') + "\"}\n";
  scene.write("in.jsonl", lines + "{\"text\":\"long text\",\"ms\":\"\"}\n");
  const Outcome outcome =
      scene.shell("$PIPIT run sleep.yaml --inputs in.jsonl | head -c 10 >/dev/null; echo \"status ${PIPESTATUS[0]}\"");
  CHECK(outcome.out == "status 3\n");
  CHECK(outcome.err.starts_with("cannot write standard output: Broken pipe\n"));
  CHECK(outcome.seconds < 10);
}

TEST_CASE("output: an array has a row a good item and a line each beside it") {
  const Scene scene;
  scene.write("codes.yaml", kCodes);
  const Outcome outcome = scene.run(
      {"run", "codes.yaml", "--inputs", "-", "--output", "codes.npy"},
      "{\"id\":1,\"text\":\"ab\"}\n{\"id\":2,\"text\":3}\n{\"id\":3,\"text\":\"cd\"}\n{\"id\":4,\"text\":\"long\"}\n");
  CHECK(outcome.out == "");
  CHECK(outcome.status == 1);
  CHECK(
      scene.read("codes.npy.jsonl") ==
      R"({"item":0,"row":0,"id":1,"text":"ab"})"
      "\n"
      R"({"item":1,"id":2,"text":3,"error":{"node":null,"code":"invalid_input","message":"input 'text' takes string, found int"}})"
      "\n"
      R"({"item":2,"row":1,"id":3,"text":"cd"})"
      "\n"
      R"({"item":3,"id":4,"text":"long","error":{"node":null,"code":"invalid_output","message":"'codes' is tensor<f32>[4], earlier rows of 'codes.npy' are [2]"}})"
      "\n");
  const std::string array = scene.read("codes.npy");
  REQUIRE(array.size() == 256 + 4 * sizeof(float));
  CHECK(array.substr(0, 8) == std::string("\x93NUMPY\x01\x00", 8));
  const auto size =
      static_cast<std::size_t>(static_cast<unsigned char>(array[8]) + 256 * static_cast<unsigned char>(array[9]));
  REQUIRE(size == 246);
  std::string header = array.substr(10, size);
  CHECK(header.back() == '\n');
  header.erase(header.find_last_not_of(" \n") + 1);
  CHECK(header == "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }");
  float data[4];
  std::memcpy(data, array.data() + 256, sizeof(data));
  const float expected[4] = {97.1f, 98.1f, 99.1f, 100.1f};
  for (int i = 0; i < 4; ++i) CHECK(data[i] == expected[i]);
}

TEST_CASE("output: an array without a good item is empty and well formed") {
  const Scene scene;
  scene.write("codes.yaml", kCodes);
  const Outcome outcome = scene.run({"run", "codes.yaml", "--inputs", "-", "--output", "codes.npy"}, "{\"text\":1}\n");
  CHECK(outcome.status == 1);
  const std::string array = scene.read("codes.npy");
  REQUIRE(array.size() == 256);
  CHECK(array.substr(10, 60) == "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 0), } ");
}

TEST_CASE("output: an array takes exactly one tensor") {
  const Scene scene;
  scene.write("none.yaml", kUpper);
  const Outcome none = scene.run({"run", "none.yaml", "--input", "text=a", "--output", "x.npy"});
  CHECK(none.err == "'x.npy' takes exactly one output that is a tensor, one row an item; the pipeline gives none\n");
  CHECK(none.status == 2);
  CHECK_FALSE(scene.exists("x.npy"));
  CHECK_FALSE(scene.exists("x.npy.jsonl"));
  scene.write("two.yaml",
              "pipit: 1\ninputs: {text: string}\nnodes:\n"
              "  - {name: a, op: test/text.codes, in: text, out: one}\n"
              "  - {name: b, op: test/text.codes, in: text, out: two}\noutputs: [one, two]\n");
  const Outcome two = scene.run({"run", "two.yaml", "--input", "text=a", "--output", "x.npy"});
  CHECK(two.err ==
        "'x.npy' takes exactly one output that is a tensor, one row an item; the pipeline gives 'one' and 'two'\n");
  CHECK(two.status == 2);
}

TEST_CASE("output: a value without a JSON form is refused before anything runs") {
  const Scene scene;
  scene.write("picture.yaml",
              "pipit: 1\ninputs: {text: string}\nnodes:\n"
              "  - {name: p, op: test/text.picture, in: text, out: picture}\noutputs: [text, picture]\n");
  const Outcome check = scene.run({"check", "picture.yaml"});
  CHECK(check.err == "picture.yaml:5: output 'picture' is frame, which has no JSON form; leave it out of 'outputs'\n");
  CHECK(check.status == 2);
  scene.write("out.jsonl", "old\n");
  const Outcome run = scene.run({"run", "picture.yaml", "--input", "text=a", "--output", "out.jsonl"});
  CHECK(run.err == "output 'picture' is frame, which has no JSON form; leave it out of 'outputs'\n");
  CHECK(run.status == 2);
  CHECK(scene.read("out.jsonl") == "old\n");
}
