// Where results go, and what becomes of a run that cannot write them.
#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>
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
  scene.write("out.jsonl", "{\"item\":0,\"loud\":\"A LINE OF AN EARLIER RUN THAT WAS LONGER\"}\n");
  const Outcome outcome = scene.run({"run", "up.yaml", "--input", "text=a", "--output", "out.jsonl", "--overwrite"});
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
      R"({"item":1,"id":2,"text":3,"error":{"node":null,"code":"invalid_input","message":"line 2: input 'text' takes string, found int"}})"
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

TEST_CASE("output: an array takes one tensor that can be chosen") {
  const Scene scene;
  scene.write("none.yaml", kUpper);
  const Outcome none = scene.run({"run", "none.yaml", "--input", "text=a", "--output", "x.npy"});
  CHECK(none.err == "'x.npy' takes an output that is a tensor; the pipeline gives 'loud' (string)\n");
  CHECK(none.status == 2);
  CHECK_FALSE(scene.exists("x.npy"));
  CHECK_FALSE(scene.exists("x.npy.jsonl"));
  scene.write("two.yaml",
              "pipit: 1\ninputs: {text: string}\nnodes:\n"
              "  - {name: a, op: test/text.codes, in: text, out: one}\n"
              "  - {name: b, op: test/text.codes, in: text, out: two}\noutputs: [one, two]\n");
  const Outcome two = scene.run({"run", "two.yaml", "--input", "text=a", "--output", "x.npy"});
  CHECK(two.err ==
        "'x.npy' takes one output that is a tensor; the pipeline gives 'one' and 'two'; choose with --column, as in "
        "--column one\n");
  CHECK(two.status == 2);
  const Outcome chosen = scene.run({"run", "two.yaml", "--input", "text=a", "--output", "x.npy", "--column", "two"});
  CHECK(chosen.status == 0);
  CHECK(scene.read("x.npy.jsonl") == "{\"item\":0,\"row\":0,\"one\":[97.1]}\n");
  const Outcome other = scene.run({"run", "two.yaml", "--input", "text=a", "--output", "y.npy", "--column", "tow"});
  CHECK(other.err == "--column 'tow': the pipeline has no such output; did you mean 'two'?\n");
  CHECK(other.status == 2);
  const Outcome lines = scene.run({"run", "two.yaml", "--input", "text=a", "--column", "two"});
  CHECK(lines.err == "pipit: --column goes with --output FILE.npy or DIR.index; JSON lines have all outputs\n");
  CHECK(lines.status == 2);
}

TEST_CASE("output: a value without a JSON form is refused before anything runs") {
  const Scene scene;
  scene.write("picture.yaml",
              "pipit: 1\ninputs: {text: string}\nnodes:\n"
              "  - {name: p, op: test/text.picture, in: text, out: picture}\noutputs: [text, picture]\n");
  const Outcome check = scene.run({"check", "picture.yaml"});
  CHECK(check.err ==
        "picture.yaml:5:17: output 'picture' is frame, which has no JSON form; leave it out of 'outputs'\n"
        "    outputs: [text, picture]\n"
        "                    ^\n");
  CHECK(check.status == 2);
  scene.write("out.jsonl", "{\"item\":0,\"loud\":\"OLD\"}\n");
  const Outcome run = scene.run({"run", "picture.yaml", "--input", "text=a", "--output", "out.jsonl", "--overwrite"});
  CHECK(run.err == "output 'picture' is frame, which has no JSON form; leave it out of 'outputs'\n");
  CHECK(run.status == 2);
  CHECK(scene.read("out.jsonl") == "{\"item\":0,\"loud\":\"OLD\"}\n");
}

TEST_CASE("output: an array takes the rows of a column of many") {
  const Scene scene;
  scene.write("words.yaml",
              "pipit: 1\ninputs: {text: string}\nnodes:\n"
              "  - {name: split, op: test/text.words, in: text, out: word}\n"
              "  - {name: codes, op: test/text.codes, in: word, out: codes}\noutputs: [text, codes]\n");
  scene.write("in.jsonl", "{\"text\":\"ab cd ef\"}\n{\"text\":\"\"}\n{\"text\":\"gh xyz\"}\n{\"text\":\"ij\"}\n");
  const test::Words run{"run", "words.yaml", "--inputs", "in.jsonl", "--output", "c.npy"};
  const Outcome outcome = scene.run(run);
  CHECK(outcome.err ==
        "1 of 4 items failed; item 2: 'codes' is tensor<f32>[3], earlier rows of 'c.npy' are [2] (invalid_output); "
        "'c.npy.jsonl' has its line\n");
  CHECK(outcome.status == 1);
  const std::string lines = scene.read("c.npy.jsonl");
  CHECK(
      lines ==
      "{\"item\":0,\"row\":0,\"rows\":3,\"text\":\"ab cd ef\"}\n"
      "{\"item\":1,\"row\":3,\"rows\":0,\"text\":\"\"}\n"
      R"({"item":2,"text":"gh xyz","error":{"node":null,"code":"invalid_output","message":"'codes' is tensor<f32>[3], earlier rows of 'c.npy' are [2]"}})"
      "\n"
      "{\"item\":3,\"row\":3,\"rows\":1,\"text\":\"ij\"}\n");
  const std::string array = scene.read("c.npy");
  REQUIRE(array.size() == 256 + 8 * sizeof(float));
  CHECK(array.find("'shape': (4, 2)") != std::string::npos);
  float data[8];
  std::memcpy(data, array.data() + 256, sizeof(data));
  for (int i = 0; i < 6; ++i) CHECK(data[i] == static_cast<float>('a' + i) + 0.1f);
  CHECK(data[6] == static_cast<float>('i') + 0.1f);

  // What a kill leaves: rows without their line, and a line that is torn.
  scene.write("c.npy.jsonl", lines.substr(0, lines.size() - 20));
  scene.write("c.npy", array + "torn");
  test::Words again = run;
  again.emplace_back("--resume");
  CHECK(scene.run(again).status == 1);
  CHECK(scene.read("c.npy.jsonl") == lines);
  CHECK(scene.read("c.npy") == array);
  again.emplace_back("--retry-failed");
  CHECK(scene.run(again).status == 1);
  CHECK(scene.read("c.npy.jsonl") == lines);
  CHECK(scene.read("c.npy") == array);
}

TEST_CASE("output: an ending that says another form is refused") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  for (const std::string ending : {".parquet", ".json", ".csv", ".txt"}) {
    const Outcome outcome = scene.run({"run", "up.yaml", "--input", "text=a", "--output", "out" + ending});
    CHECK(outcome.err ==
          "pipit: --output 'out" + ending + "': pipit does not write '" + ending +
              "'; it writes '.jsonl' (or '.ndjson', or no ending), a JSON object a line, '.npy', a NumPy "
              "array, and '.index', an index to search in\n");
    CHECK(outcome.status == 2);
    CHECK_FALSE(scene.exists("out" + ending));
  }
  for (const std::string name : {"out", "out.ndjson", "OUT.JSONL"}) {
    CHECK(scene.run({"run", "up.yaml", "--input", "text=a", "--output", name}).status == 0);
    CHECK(scene.read(name) == "{\"item\":0,\"loud\":\"A\"}\n");
  }
  const Outcome pipe =
      scene.shell("mkfifo pipe.x; cat pipe.x & $PIPIT run up.yaml --input text=a --output pipe.x; wait");
  CHECK(pipe.out == "{\"item\":0,\"loud\":\"A\"}\n");
  CHECK(scene.shell("$PIPIT run up.yaml --input text=a --output /dev/stdout").out == "{\"item\":0,\"loud\":\"A\"}\n");
}

TEST_CASE("output: URLs are neither read nor written") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  scene.write("path.yaml",
              "pipit: 1\ninputs: {path: string}\nnodes:\n"
              "  - {name: up, op: test/text.upper, in: path, out: loud}\noutputs: [loud]\n");
  const Outcome output = scene.run({"run", "up.yaml", "--input", "text=a", "--output", "s3://bucket/out.jsonl"});
  CHECK(output.err == "pipit: --output 's3://bucket/out.jsonl': URLs are not written; write a file and copy it\n");
  CHECK(output.status == 2);
  const Outcome inputs = scene.run({"run", "up.yaml", "--inputs", "https://host/list.jsonl"});
  CHECK(inputs.err == "pipit: --inputs 'https://host/list.jsonl': URLs are not read; copy it to a file first\n");
  CHECK(inputs.status == 2);
  const Outcome input = scene.run({"run", "path.yaml", "--input", "path=http://host/a.mp4"});
  CHECK(input.err == "pipit: --input path: 'http://host/a.mp4': URLs are not read; copy it to a file first\n");
  CHECK(input.status == 2);
  CHECK(scene.run({"run", "path.yaml", "--inputs", "-"}, "{\"path\":\"http://host/a.mp4\"}\n").out ==
        R"({"item":0,"path":"http://host/a.mp4","error":{"node":null,"code":"invalid_input",)"
        R"("message":"line 1: input 'path': 'http://host/a.mp4' is a URL, which pipit does not read"}})"
        "\n");
  CHECK(scene.run({"run", "up.yaml", "--input", "text=see http://host/"}).status == 0);
}

TEST_CASE("output: what operators print is not among the results") {
  const Scene scene;
  scene.write("chatter.yaml",
              "pipit: 1\ninputs: {text: string}\nnodes:\n"
              "  - {name: chatter, op: test/text.chatter, in: text, out: text}\noutputs: [text]\n");
  const Outcome outcome = scene.run({"run", "chatter.yaml", "--input", "text=a"});
  CHECK(outcome.out == "{\"item\":0,\"text\":\"a\"}\n");
  for (const char* line : {"constructed\n", "processed\n", "started\n", "left\n"}) {
    CHECK(outcome.err.find(line) != std::string::npos);
  }
  const Outcome closed =
      scene.shell("$PIPIT run chatter.yaml --input text=a --output out.jsonl 2>&- >&-; cat out.jsonl");
  CHECK(closed.out == "{\"item\":0,\"text\":\"a\"}\n");
}

TEST_CASE("output: a descriptor that is open takes lines as standard output does") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  const Outcome outcome = scene.shell(
      "printf 'before\\n' > six; $PIPIT run up.yaml --input text=a --output /dev/fd/6 6>>six && cat six; ls");
  CHECK(outcome.err == "");
  CHECK(outcome.out == "before\n{\"item\":0,\"loud\":\"A\"}\nsix\nup.yaml\n");
  const Outcome closed = scene.shell("$PIPIT run up.yaml --input text=a --output /dev/fd/99");
  CHECK(closed.err == "cannot write '/dev/fd/99': Bad file descriptor\n");
  CHECK(closed.status == 3);
}

TEST_CASE("output: a link to nothing yet is written through") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  std::filesystem::create_symlink("target.jsonl", scene.folder() + "/out.jsonl");
  const Outcome outcome = scene.run({"run", "up.yaml", "--input", "text=a", "--output", "out.jsonl"});
  CHECK(outcome.err == "");
  CHECK(std::filesystem::is_symlink(scene.folder() + "/out.jsonl"));
  CHECK(scene.read("target.jsonl") == "{\"item\":0,\"loud\":\"A\"}\n");
  std::filesystem::create_symlink("none/target.jsonl", scene.folder() + "/lost.jsonl");
  const Outcome lost = scene.run({"run", "up.yaml", "--input", "text=a", "--output", "lost.jsonl"});
  CHECK(lost.err == "cannot write 'lost.jsonl': it is a link to 'none/target.jsonl', whose folder does not exist\n");
  CHECK(lost.status == 3);
  CHECK(std::filesystem::is_symlink(scene.folder() + "/lost.jsonl"));
}

TEST_CASE("output: a tensor on another device is an error of its item") {
  const Scene scene;
  scene.write("codes.yaml",
              "pipit: 1\ninputs: {text: string}\nnodes:\n"
              "  - {name: codes, op: test/text.elsewhere, in: text, out: codes}\noutputs: [codes]\n");
  const std::string remedy = "; have its operator give it there";
  const Outcome lines = scene.run({"run", "codes.yaml", "--input", "text=a"});
  CHECK(
      lines.out ==
      "{\"item\":0,\"text\":\"a\",\"error\":{\"node\":null,\"code\":\"invalid_output\",\"message\":\"a tensor lies on "
      "cuda:1, and text is written from main memory" +
          remedy + "\"}}\n");
  CHECK(lines.status == 1);
  const Outcome array = scene.run({"run", "codes.yaml", "--input", "text=a", "--output", "out.npy"});
  CHECK(scene.read("out.npy.jsonl") ==
        "{\"item\":0,\"text\":\"a\",\"error\":{\"node\":null,\"code\":\"invalid_output\",\"message\":\"'codes' is a "
        "tensor on cuda:1, and files are written from main memory" +
            remedy + "\"}}\n");
  CHECK(array.status == 1);
}

TEST_CASE("output: a working directory that is gone is told before anything else") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  const Outcome outcome = scene.shell("mkdir gone; cd gone; rmdir ../gone; $PIPIT run ../up.yaml --input text=a");
  CHECK(outcome.err ==
        "the working directory cannot be used (No such file or directory), as when it was removed or moved meanwhile; "
        "change into one that is there: cd DIR\n");
  CHECK(outcome.status == 2);
}
