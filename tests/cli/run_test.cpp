// pipit run: items in, lines out.
#include <doctest/doctest.h>

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
outputs: [text, loud]
)";

/// Lines through `up`, from standard input.
Outcome upper(const std::string& lines, test::Words more = {}) {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  more.insert(more.begin(), {"run", "up.yaml", "--inputs", "-"});
  return scene.run(more, lines);
}

}  // namespace

TEST_CASE("run: inputs that cannot be read to their end break the run off") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  const Outcome outcome = scene.run({"run", "up.yaml", "--inputs", "/proc/self/mem"});
  CHECK(outcome.err == "cannot read inputs '/proc/self/mem' after line 0: Input/output error\n");
  CHECK(outcome.status == 3);
}

TEST_CASE("run: one item comes from the command line") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  const Outcome one = scene.run({"run", "up.yaml", "--input", "text=a dog"});
  CHECK(one.out == R"({"item":0,"text":"a dog","loud":"A DOG"})"
                   "\n");
  CHECK(one.err == "");
  CHECK(one.status == 0);
}

TEST_CASE("run: values of the command line take the input's type") {
  const Scene scene;
  scene.write(
      "half.yaml",
      "pipit: 1\ninputs: {n: int}\nnodes:\n  - {name: half, op: test/text.half, in: n, out: h}\noutputs: [h]\n");
  CHECK(scene.run({"run", "half.yaml", "--input", "n=12"}).out == "{\"item\":0,\"h\":6}\n");
  const Outcome wrong = scene.run({"run", "half.yaml", "--input", "n=many"});
  CHECK(wrong.err == "pipit: --input n=many: 'n' takes int, found string\n");
  CHECK(wrong.out == "");
  CHECK(wrong.status == 2);
  const Outcome other = scene.run({"run", "half.yaml", "--input", "m=1"});
  CHECK(other.err == "pipit: --input m=1: no input 'm' (the pipeline takes 'n')\n");
  CHECK(other.out == "");
  CHECK(other.status == 2);
  const Outcome twice = scene.run({"run", "half.yaml", "--input", "n=1", "--input", "n=2"});
  CHECK(twice.err == "pipit: --input n: given twice; several items come from --inputs FILE\n");
  CHECK(twice.status == 2);
}

TEST_CASE("run: lines come out in order with the fields that are no inputs") {
  const Outcome outcome = upper(
      "{\"id\":7,\"text\":\"a\"}\n"
      "{\"text\":\"b\",\"id\":\"x\",\"tags\":[1,{\"k\":null}]}\n"
      "{\"text\":\"c\"}");
  CHECK(outcome.out == R"({"item":0,"id":7,"text":"a","loud":"A"})"
                       "\n"
                       R"({"item":1,"id":"x","tags":[1,{"k":null}],"text":"b","loud":"B"})"
                       "\n"
                       R"({"item":2,"text":"c","loud":"C"})"
                       "\n");
  CHECK(outcome.status == 0);
}

TEST_CASE("run: a failed item is a line and the others have theirs") {
  const Outcome outcome = upper("{\"id\":1,\"text\":\"a\"}\n{\"id\":2,\"text\":\"bad\"}\n{\"id\":3,\"text\":\"c\"}\n");
  CHECK(outcome.out ==
        R"({"item":0,"id":1,"text":"a","loud":"A"})"
        "\n"
        R"({"item":1,"id":2,"text":"bad","error":{"node":"up","code":"bad_text","message":"'bad' is bad"}})"
        "\n"
        R"({"item":2,"id":3,"text":"c","loud":"C"})"
        "\n");
  CHECK(outcome.err ==
        "1 of 3 items failed; item 1: node 'up': 'bad' is bad (bad_text); standard output has its line\n");
  CHECK(outcome.status == 1);
}

TEST_CASE("run: a malformed line is an item error that names the line") {
  const Outcome outcome = upper(
      "{\"text\":\"a\"}\n"
      "{\"text\": \n"
      "\n"
      "[1,2]\n"
      "12\n"
      "{\"id\":4}\n"
      "{\"id\":5,\"text\":7}\n"
      "{\"text\":\"z\"} x\n"
      "{\"txt\":\"a\"}\n");
  CHECK(
      outcome.out ==
      R"({"item":0,"text":"a","loud":"A"})"
      "\n"
      R"({"item":1,"error":{"node":null,"code":"invalid_input","message":"line 2: is not JSON at byte 10: expected a value, found the end of the line"}})"
      "\n"
      R"({"item":2,"error":{"node":null,"code":"invalid_input","message":"line 4: expected a JSON object with 'text', found an array"}})"
      "\n"
      R"({"item":3,"error":{"node":null,"code":"invalid_input","message":"line 5: expected a JSON object with 'text', found a number"}})"
      "\n"
      R"({"item":4,"id":4,"error":{"node":null,"code":"invalid_input","message":"line 6: input 'text' is missing; the pipeline takes 'text'"}})"
      "\n"
      R"({"item":5,"id":5,"text":7,"error":{"node":null,"code":"invalid_input","message":"line 7: input 'text' takes string, found int"}})"
      "\n"
      R"({"item":6,"error":{"node":null,"code":"invalid_input","message":"line 8: is not JSON at byte 14: expected the end of the line, found 'x'"}})"
      "\n"
      R"({"item":7,"txt":"a","error":{"node":null,"code":"invalid_input","message":"line 9: input 'text' is missing; the pipeline takes 'text'"}})"
      "\n");
  CHECK(outcome.status == 1);
}

TEST_CASE("run: blank lines and carriage returns do not count") {
  const Outcome outcome = upper("\r\n{\"text\":\"a\"}\r\n   \n\t\n{\"text\":\"b\"}\r\n\n");
  CHECK(outcome.out == R"({"item":0,"text":"a","loud":"A"})"
                       "\n"
                       R"({"item":1,"text":"b","loud":"B"})"
                       "\n");
  CHECK(outcome.status == 0);
}

TEST_CASE("run: no lines are no items") {
  CHECK(upper("").out == "");
  CHECK(upper("").status == 0);
  CHECK(upper("\n\n").status == 0);
}

TEST_CASE("run: a line above the bound is an item error and the next one is read") {
  const std::string large(20 * 1024 * 1024, 'x');
  const Outcome outcome = upper("{\"text\":\"" + large + "\"}\n{\"text\":\"b\"}\n");
  CHECK(outcome.out ==
        R"({"item":0,"error":{"node":null,"code":"invalid_input","message":"line 1: is longer than 16 MiB"}})"
        "\n"
        R"({"item":1,"text":"b","loud":"B"})"
        "\n");
  CHECK(outcome.status == 1);
}

TEST_CASE("run: a line nested too deep is an item error") {
  const std::string deep(1000000, '[');
  const Outcome outcome = upper("{\"text\":" + deep + "}\n{\"id\":" + std::string(500, '[') + std::string(500, ']') +
                                ",\"text\":\"a\"}\n{\"text\":\"b\"}\n");
  CHECK(outcome.out ==
        R"({"item":0,"error":{"node":null,"code":"invalid_input","message":"line 1: is nested deeper than 64 levels"}})"
        "\n"
        R"({"item":1,"error":{"node":null,"code":"invalid_input","message":"line 2: is nested deeper than 64 levels"}})"
        "\n"
        R"({"item":2,"text":"b","loud":"B"})"
        "\n");
  CHECK(outcome.status == 1);
}

TEST_CASE("run: invalid UTF-8 in a line is an item error") {
  const Outcome outcome = upper("{\"text\":\"a\xff\"}\n{\"text\":\"\xc3\xa4\"}\n{\"text\":\"\\ud83d\\ude00\"}\n");
  CHECK(
      outcome.out ==
      R"({"item":0,"error":{"node":null,"code":"invalid_input","message":"line 1: is not UTF-8 at byte 11; JSON writes the byte of such a file name as \\udcff, as Python's json.dumps does"}})"
      "\n"
      "{\"item\":1,\"text\":\"\xc3\xa4\",\"loud\":\"\xc3\xa4\"}\n"
      "{\"item\":2,\"text\":\"\xf0\x9f\x98\x80\",\"loud\":\"\xf0\x9f\x98\x80\"}\n");
  CHECK(outcome.status == 1);
}

TEST_CASE("run: bytes that are not UTF-8 come back as Python writes them") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  const Outcome outcome = scene.run({"run", "up.yaml", "--input", "text=a\xff"});
  CHECK(outcome.out == R"({"item":0,"text":"a\udcff","loud":"A\udcff"})"
                       "\n");
  // os.listdir and json.dumps of a file called caf\xe9.
  scene.write("caf\xe9", "abc");
  scene.write("content.yaml",
              "pipit: 1\ninputs: {file: string}\nnodes:\n"
              "  - {name: read, op: test/text.content, in: file, out: bytes}\noutputs: [file, bytes]\n");
  const Outcome file = scene.run({"run", "content.yaml", "--inputs", "-"}, R"({"file":"caf\udce9"})"
                                                                           "\n"
                                                                           R"({"file":"non\udce9"})"
                                                                           "\n"
                                                                           R"({"file":"half\ud800"})"
                                                                           "\n");
  CHECK(
      file.out ==
      R"({"item":0,"file":"caf\udce9","bytes":[97,98,99]})"
      "\n"
      R"({"item":1,"file":"non\udce9","error":{"node":"read","code":"not_found","message":"no file 'non\udce9'"}})"
      "\n"
      R"({"item":2,"file":"half\ud800","error":{"node":null,"code":"invalid_input","message":"line 3: input 'file' has the escape \\ud800, half of a surrogate pair, which is not a character"}})"
      "\n");
}

TEST_CASE("run: numbers read back equal and what JSON lacks is null") {
  const Scene scene;
  scene.write("any.yaml",
              "pipit: 1\ninputs: {text: string}\nnodes:\n  - {name: any, op: test/text.anything, in: text, out: v}\n"
              "  - {name: codes, op: test/text.codes, in: text, out: c}\noutputs: [v, c]\n");
  const Outcome outcome = scene.run(
      {"run", "any.yaml", "--inputs", "-"},
      "{\"text\":\"int\"}\n{\"text\":\"float\"}\n{\"text\":\"nan\"}\n{\"text\":\"null\"}\n{\"text\":\"map\"}\n"
      "{\"text\":\"bytes\"}\n{\"text\":\"\"}\n");
  CHECK(
      outcome.out ==
      "{\"item\":0,\"v\":7,\"c\":[105.1,110.1,116.1]}\n"
      "{\"item\":1,\"v\":0.1,\"c\":[102.1,108.1,111.1,97.1,116.1]}\n"
      "{\"item\":2,\"v\":null,\"c\":[110.1,97.1,110.1]}\n"
      "{\"item\":3,\"v\":null,\"c\":[110.1,117.1,108.1,108.1]}\n"
      "{\"item\":4,\"v\":{\"a\":1,\"b\":[true,\"x\"]},\"c\":[109.1,97.1,112.1]}\n"
      "{\"item\":5,\"text\":\"bytes\",\"error\":{\"node\":null,\"code\":\"invalid_input\",\"message\":\"a bytes has no "
      "JSON form\"}}\n"
      "{\"item\":6,\"v\":\"\",\"c\":[]}\n");
  CHECK(outcome.status == 1);
}

TEST_CASE("run: numbers of a line keep their kind") {
  const Scene scene;
  scene.write(
      "half.yaml",
      "pipit: 1\ninputs: {n: int}\nnodes:\n  - {name: half, op: test/text.half, in: n, out: h}\noutputs: [h]\n");
  const Outcome outcome = scene.run({"run", "half.yaml", "--inputs", "-"},
                                    "{\"n\":4}\n{\"n\":4.0}\n{\"n\":18446744073709551614}\n{\"n\":true}\n");
  CHECK(
      outcome.out ==
      "{\"item\":0,\"h\":2}\n"
      R"({"item":1,"n":4.0,"error":{"node":null,"code":"invalid_input","message":"line 2: input 'n' takes int, found float"}})"
      "\n"
      R"({"item":2,"n":18446744073709551614,"error":{"node":null,"code":"invalid_input","message":"line 3: input 'n' takes int, found float"}})"
      "\n"
      R"({"item":3,"n":true,"error":{"node":null,"code":"invalid_input","message":"line 4: input 'n' takes int, found bool"}})"
      "\n");
}

TEST_CASE("run: a tensor input is a list of numbers") {
  const Scene scene;
  scene.write("t.yaml",
              "pipit: 1\ninputs: {v: \"tensor<f32>[2]\", text: string}\nnodes:\n"
              "  - {name: up, op: test/text.upper, in: text, out: loud}\noutputs: [v, loud]\n");
  const Outcome outcome =
      scene.run({"run", "t.yaml", "--inputs", "-"},
                "{\"v\":[1,0.5],\"text\":\"a\"}\n{\"v\":[1],\"text\":\"a\"}\n{\"v\":[1,\"x\"],\"text\":\"a\"}\n");
  CHECK(
      outcome.out ==
      "{\"item\":0,\"v\":[1,0.5],\"loud\":\"A\"}\n"
      R"({"item":1,"v":[1],"text":"a","error":{"node":null,"code":"invalid_input","message":"line 2: input 'v' takes tensor<f32>[2], found tensor<f32>[1]"}})"
      "\n"
      R"({"item":2,"v":[1,"x"],"text":"a","error":{"node":null,"code":"invalid_input","message":"line 3: input 'v' takes tensor<f32>[2], found list"}})"
      "\n");
}

TEST_CASE("run: on-error stop ends with the failed line") {
  std::string lines = "{\"text\":\"a\"}\n{\"text\":\"bad\"}\n";
  for (int i = 0; i < 2000; ++i) lines += "{\"text\":\"c\"}\n";
  const Outcome outcome = upper(lines, {"--on-error", "stop"});
  CHECK(outcome.out == R"({"item":0,"text":"a","loud":"A"})"
                       "\n"
                       R"({"item":1,"text":"bad","error":{"node":"up","code":"bad_text","message":"'bad' is bad"}})"
                       "\n");
  CHECK(outcome.status == 1);
}

TEST_CASE("run: on-error stop does not wait for an operator that never returns") {
  const Scene scene;
  scene.write("stuck.yaml",
              "pipit: 1\ninputs: {text: string}\nnodes:\n"
              "  - {name: long, op: test/text.longer, in: text, keep: text, out: slow, args: {than: 3}}\n"
              "  - {name: sleep, op: test/text.sleep, in: slow, out: slow, args: {ms: 100000000}}\n"
              "  - {name: up, op: test/text.upper, in: text, out: loud}\n"
              "outputs: [loud, slow]\n");
  const Outcome outcome = scene.run({"run", "stuck.yaml", "--inputs", "-", "--on-error", "stop"},
                                    "{\"text\":\"bad\"}\n{\"text\":\"long text\"}\n");
  CHECK(outcome.out == R"({"item":0,"text":"bad","error":{"node":"up","code":"bad_text","message":"'bad' is bad"}})"
                       "\n");
  CHECK(outcome.status == 1);
  CHECK(outcome.seconds < 5);
}

TEST_CASE("run: standard input may be a pipe that is slow") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  const Outcome outcome = scene.shell(
      "(printf '{\"te'; sleep 0.1; printf 'xt\":\"a\"}\\n'; sleep 0.1; printf '{\"text\":\"b\"}') | "
      "$PIPIT run up.yaml --inputs -");
  CHECK(outcome.out == R"({"item":0,"text":"a","loud":"A"})"
                       "\n"
                       R"({"item":1,"text":"b","loud":"B"})"
                       "\n");
  CHECK(outcome.status == 0);
}

TEST_CASE("run: results come while the input is still open") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  const Outcome outcome = scene.shell(
      "mkfifo in; $PIPIT run up.yaml --inputs in --output out.jsonl & exec 3>in; printf '{\"text\":\"a\"}\\n' >&3; "
      "for i in $(seq 100); do grep -q loud out.jsonl 2>/dev/null && break; sleep 0.05; done; cat out.jsonl; exec "
      "3>&-; wait");
  CHECK(outcome.out == R"({"item":0,"text":"a","loud":"A"})"
                       "\n");
}

TEST_CASE("run: inputs that cannot be opened are told") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  const Outcome missing = scene.run({"run", "up.yaml", "--inputs", "none.jsonl"});
  CHECK(missing.err == "cannot open inputs 'none.jsonl': No such file or directory\n");
  CHECK(missing.status == 2);
}

TEST_CASE("run: the command line is checked before anything runs") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  const auto err = [&](const test::Words& words) {
    const Outcome outcome = scene.run(words);
    CHECK(outcome.status == 2);
    CHECK(outcome.out == "");
    return outcome.err;
  };
  const std::string usage = "; usage: pipit run PIPELINE.yaml --input NAME=VALUE… | --inputs LIST [options]\n";
  CHECK(err({"run", "up.yaml"}) ==
        "pipit: nothing to run: give --input NAME=VALUE, or --inputs with a file or folder\n");
  CHECK(err({"run", "up.yaml", "--input", "text=a", "--inputs", "-"}) ==
        "pipit: --input and --inputs exclude each other\n");
  CHECK(err({"run"}) == "pipit: PIPELINE.yaml is missing" + usage);
  CHECK(err({"run", "up.yaml", "--nonsense"}) == "pipit: no option '--nonsense'" + usage);
  CHECK(err({"run", "up.yaml", "--inptus", "-"}) == "pipit: no option '--inptus'; did you mean '--inputs'?" + usage);
  CHECK(err({"run", "up.yaml", "--inputs", "-", "--threads", "many"}) ==
        "pipit: --threads takes a whole number, found 'many'" + usage);
  CHECK(err({"run", "up.yaml", "--inputs", "-", "--inputs", "-"}) == "pipit: --inputs is given more than once" + usage);
  CHECK(err({"run", "up.yaml", "--inputs"}) == "pipit: --inputs needs a value" + usage);
  CHECK(err({"run", "up.yaml", "b.yaml", "--inputs", "-"}) ==
        "pipit: one argument too many (a pattern of files goes in quotes: 'clips/*.mp4')" + usage);
  CHECK(err({"run", "up.yaml", "--input", "text"}) == "pipit: --input takes NAME=VALUE, found 'text'\n");
  CHECK(err({"run", "up.yaml", "--inputs", "-", "--set", "up"}) == "pipit: --set takes NAME=VALUE, found 'up'\n");
  CHECK(err({"run", "up.yaml", "--inputs", "-", "--on-error", "ignore"}) ==
        "pipit: --on-error takes one of 'skip' and 'stop', found 'ignore'\n");
  CHECK(err({"run", "up.yaml", "--inputs", "-", "--progress", "yes"}) ==
        "pipit: --progress takes one of 'auto', 'on' and 'off', found 'yes'\n");
  CHECK(err({"run", "up.yaml", "--inputs", "-", "--threads", "-1"}) ==
        "pipit: --threads takes a number of at least 0, found -1\n");
  CHECK(err({"run", "up.yaml", "--inputs", "-", "--memory", "255"}) ==
        "pipit: --memory takes a number of MiB from 256 to 1099511627776, found 255\n");
  CHECK(err({"run", "none.yaml", "--inputs", "-"}) == "cannot open pipeline 'none.yaml': No such file or directory\n");
  CHECK(err({"run", ".", "--inputs", "-"}) == "'.' is a folder; expected a pipeline file\n");
}

TEST_CASE("run: a pipeline that is wrong runs nothing and leaves no output") {
  const Scene scene;
  scene.write("bad.yaml",
              "pipit: 1\ninputs: {text: string}\nnodes:\n"
              "  - {name: up, op: test/text.upper, in: txt, out: loud, args: {suffix: '${PIPIT_TEST_UNSET}'}}\n"
              "outputs: [loud]\n");
  const Outcome unset = scene.run({"run", "bad.yaml", "--inputs", "-", "--output", "out.jsonl"});
  CHECK(unset.err ==
        "bad.yaml:4:41: node 'up': no column 'txt'; did you mean 'text'?\n"
        "      - {name: up, op: test/text.upper, in: txt, out: loud, args: {suffix: '${PIPIT_TEST_UNSET}'}}\n"
        "                                            ^\n"
        "bad.yaml:4:72: environment variable 'PIPIT_TEST_UNSET' is not set and '${PIPIT_TEST_UNSET}' gives no default\n"
        "      - {name: up, op: test/text.upper, in: txt, out: loud, args: {suffix: '${PIPIT_TEST_UNSET}'}}\n"
        "                                                                           ^\n");
  CHECK(unset.status == 2);
  CHECK_FALSE(scene.exists("out.jsonl"));
  scene.write("kept.jsonl", "{\"item\":0,\"loud\":\"OLD\"}\n");
  const Outcome set =
      scene.run({"run", "bad.yaml", "--inputs", "-", "--output", "kept.jsonl", "--overwrite", "--set", "up.suffix=x"});
  CHECK(set.err ==
        "bad.yaml:4:41: node 'up': no column 'txt'; did you mean 'text'?\n"
        "      - {name: up, op: test/text.upper, in: txt, out: loud, args: {suffix: '${PIPIT_TEST_UNSET}'}}\n"
        "                                            ^\n");
  CHECK_MESSAGE(scene.read("kept.jsonl") == "{\"item\":0,\"loud\":\"OLD\"}\n", "what was there is left");
}

TEST_CASE("run: --set changes arguments and vars") {
  const Scene scene;
  scene.write("up.yaml",
              "pipit: 1\nvars: {end: '!'}\ninputs: {text: string}\nnodes:\n"
              "  - {name: up, op: test/text.upper, in: text, out: loud, args: {suffix: $end, times: 1}}\n"
              "outputs: [loud]\n");
  const auto out = [&](test::Words sets) {
    test::Words words = {"run", "up.yaml", "--input", "text=a"};
    words.insert(words.end(), sets.begin(), sets.end());
    return scene.run(words).out;
  };
  CHECK(out({}) == "{\"item\":0,\"loud\":\"A!\"}\n");
  CHECK(out({"--set", "vars.end=?"}) == "{\"item\":0,\"loud\":\"A?\"}\n");
  CHECK(out({"--set", "up.suffix=[x", "--set", "up.times=2"}) == "{\"item\":0,\"loud\":\"AA[x\"}\n");
  CHECK(out({"--set", "up.times=2", "--set", "up.times=3"}) == "{\"item\":0,\"loud\":\"AAA!\"}\n");
  CHECK(out({"--set", "up.args.times=2"}) == "{\"item\":0,\"loud\":\"AA!\"}\n");
  CHECK(out({"--set=up.suffix=a=b"}) == "{\"item\":0,\"loud\":\"Aa=b\"}\n");
}

TEST_CASE("run: paths in a file are relative to it and on the command line to the working directory") {
  const Scene scene;
  std::filesystem::create_directory(scene.folder() + "/sub");
  scene.write("sub/up.yaml",
              "pipit: 1\ninputs: {text: string}\nnodes:\n"
              "  - {name: up, op: test/text.upper, in: text, out: loud, args: {file: data/x}}\noutputs: [loud]\n");
  CHECK(scene.run({"run", "sub/up.yaml", "--input", "text=a"}).out == "{\"item\":0,\"loud\":\"Asub/data/x\"}\n");
  CHECK(scene.run({"run", "sub/up.yaml", "--input", "text=a", "--set", "up.file=data/x"}).out ==
        "{\"item\":0,\"loud\":\"Adata/x\"}\n");
}

TEST_CASE("run: an operator's constructor that refuses stops the run with its node and line") {
  const Scene scene;
  scene.write("rogue.yaml",
              "pipit: 1\ninputs: {text: string}\nnodes:\n"
              "  - {name: rogue, op: test/text.rogue, in: text, out: text, args: {how: constructor}}\n"
              "  - {name: up, op: test/text.upper, in: text, out: text, args: {times: -1}}\noutputs: [text]\n");
  const Outcome outcome = scene.run({"run", "rogue.yaml", "--input", "text=a"});
  CHECK(outcome.err ==
        "rogue.yaml:4: node 'rogue': weights 'w' do not exist\n"
        "rogue.yaml:5: node 'up': times must be at least 0\n");
  CHECK(outcome.status == 2);
}

TEST_CASE("run: a table with -v and a JSON file with --stats tell what was done") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  const Outcome outcome = scene.run({"run", "up.yaml", "--inputs", "-", "-v", "--stats", "stats.json"},
                                    "{\"text\":\"a\"}\n{\"text\":\"bad\"}\n");
  CHECK(outcome.err.find("node    rows in  rows out     calls    busy s waiting s blocked s    queued\n") == 0);
  CHECK(outcome.err.find("2 items, 1 failed (1 bad_text); opened in ") != std::string::npos);
  const std::string stats = scene.read("stats.json");
  CHECK(stats.find("{\"items\":2,\"failed\":1,\"errors\":{\"bad_text\":1},") == 0);
  CHECK(
      stats.find("\"nodes\":[{\"name\":\"up\",\"op\":\"test/text.upper\",\"items\":2,\"rows_in\":2,\"rows_out\":1,") !=
      std::string::npos);
  CHECK(stats.find(",\"failed\":1,\"busy_s\":") != std::string::npos);
  CHECK(stats.find("\"counters\":{\"texts\":1}") != std::string::npos);
}

TEST_CASE("run: progress is shown when asked for and not in a pipe") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  CHECK(scene.run({"run", "up.yaml", "--input", "text=a"}).err == "");
  const Outcome outcome = scene.run({"run", "up.yaml", "--input", "text=a", "--progress", "on"});
  CHECK(outcome.err.find("[====================] 1/1 item, ") != std::string::npos);
  CHECK(outcome.err.ends_with("\r\033[K"));
}

TEST_CASE("run: carried fields come back as they were written") {
  const Outcome outcome = upper(
      R"({"text":"a","id":12345678901234567890123,"pi":3.14159265358979323846,"e":1E+2,"s":"\u00e9\/","l":[1, 2]})"
      "\n"
      R"({"text":"b","score":1e400})"
      "\n"
      R"({"text":"c","\u0069d":-0.0})"
      "\n");
  CHECK(
      outcome.out ==
      R"({"item":0,"id":12345678901234567890123,"pi":3.14159265358979323846,"e":1E+2,"s":"\u00e9\/","l":[1, 2],"text":"a","loud":"A"})"
      "\n"
      R"({"item":1,"score":1e400,"text":"b","loud":"B"})"
      "\n"
      R"({"item":2,"\u0069d":-0.0,"text":"c","loud":"C"})"
      "\n");
  CHECK(outcome.err == "");
  CHECK(outcome.status == 0);
}

TEST_CASE("run: a number beyond double is its item's error") {
  const Scene scene;
  scene.write(
      "half.yaml",
      "pipit: 1\ninputs: {n: any}\nnodes:\n  - {name: half, op: test/text.half, in: n, out: h}\noutputs: [h]\n");
  const Outcome outcome = scene.run({"run", "half.yaml", "--inputs", "-"}, "{\"n\":1e400}\n{\"n\":4}\n");
  CHECK(
      outcome.out ==
      R"({"item":0,"n":1e400,"error":{"node":null,"code":"invalid_input","message":"line 1: input 'n' holds a number that is too large"}})"
      "\n"
      "{\"item\":1,\"h\":2}\n");
  CHECK(outcome.status == 1);
}

TEST_CASE("run: a field whose name the result has is carried under another one") {
  const Outcome outcome = upper(
      "{\"item\":7,\"text\":\"a\",\"loud\":[1],\"error\":null,\"row\":3}\n"
      "{\"item\":8,\"text\":\"b\",\"input.item\":1}\n");
  CHECK(outcome.out ==
        R"({"item":0,"input.item":7,"input.loud":[1],"input.error":null,"input.row":3,"text":"a","loud":"A"})"
        "\n"
        R"({"item":1,"input.input.item":8,"input.item":1,"text":"b","loud":"B"})"
        "\n");
  std::string warnings;
  for (const std::string name : {"item", "loud", "error", "row"}) {
    warnings += "warning: the inputs have a field '" + name +
                "', which is also a name of the results; it is carried as " + "'input." + name + "'\n";
  }
  CHECK(outcome.err == warnings);
  CHECK(outcome.status == 0);
}

TEST_CASE("run: a name that comes twice in a line is an item error") {
  CHECK(upper("{\"text\":\"a\",\"id\":1,\"id\":2}\n").out ==
        R"({"item":0,"error":{"node":null,"code":"invalid_input","message":"line 1: has \"id\" more than once"}})"
        "\n");
}

TEST_CASE("run: lists that are no tensor take no memory for what they lack") {
  const Scene scene;
  scene.write("t.yaml",
              "pipit: 1\ninputs: {v: \"tensor<f32>[?,?]\", text: string}\nnodes:\n"
              "  - {name: up, op: test/text.upper, in: text, out: loud}\noutputs: [v, loud]\n");
  std::string lines = "{\"text\":\"a\",\"v\":[[";
  for (int i = 0; i < 200000; ++i) lines += i == 0 ? "0" : ",0";
  lines += "]";
  for (int i = 0; i < 200000; ++i) lines += ",[]";
  lines += "]}\n{\"text\":\"b\",\"v\":[[1,2],[3,4]]}\n";
  const Outcome outcome = scene.run({"run", "t.yaml", "--inputs", "-"}, lines);
  CHECK(outcome.out.find("\"message\":\"line 1: input 'v' takes tensor<f32>[?,?], found list\"}}\n") !=
        std::string::npos);
  CHECK(outcome.out.ends_with("\n{\"item\":1,\"v\":[[1,2],[3,4]],\"loud\":\"B\"}\n"));
  CHECK(outcome.status == 1);
}

TEST_CASE("run: items that failed are told in one line") {
  const Outcome two = upper("{\"text\":\"bad\"}\n{\"text\":\"a\"}\n{\"text\":7}\n", {"--output", "out.jsonl"});
  CHECK(two.err ==
        "2 of 3 items failed; the first is item 0: node 'up': 'bad' is bad (bad_text); 'out.jsonl' has a line for "
        "each\n");
  const Outcome array = upper("{\"text\":\"a\"}\n");
  CHECK(array.err == "");
}

// A sanitizer's own memory is beyond any bound.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("run: an item that needs more than --memory fails and the others have their results") {
  const Scene scene;
  scene.write("content.yaml", R"(pipit: 1
inputs: {file: string}
nodes:
  - {name: read, op: test/text.content, in: file, out: bytes}
outputs: [bytes]
)");
  scene.write("small.txt", "ab");
  scene.write("large.txt", "");
  std::filesystem::resize_file(scene.folder() + "/large.txt", std::size_t{1} << 30);
  const Outcome outcome =
      scene.run({"run", "content.yaml", "--inputs", "-", "--memory", "256"}, "small.txt\nlarge.txt\nsmall.txt\n");
  CHECK(
      outcome.out ==
      R"({"item":0,"bytes":[97,98]})"
      "\n"
      R"({"item":1,"file":"large.txt","error":{"node":"read","code":"out_of_memory","message":"memory is exhausted"}})"
      "\n"
      R"({"item":2,"bytes":[97,98]})"
      "\n");
  CHECK(outcome.err ==
        "1 of 3 items failed; item 1: node 'read': memory is exhausted (out_of_memory); standard output has its line\n"
        "--memory 256 was too little for 1 item; more lets it through\n");
  CHECK(outcome.status == 1);
}
#endif
