// No run destroys what it reads, what was there before, or what another run writes.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "scene.h"

using test::Outcome;
using test::Scene;
using test::Words;

namespace {

const char* const kUpper = R"(pipit: 1
inputs: {text: string}
nodes:
  - {name: up, op: test/text.upper, in: text, out: loud}
outputs: [loud]
)";

const char* const kContent = R"(pipit: 1
inputs: {file: string}
nodes:
  - {name: read, op: test/text.content, in: file, out: bytes}
outputs: [bytes]
)";

const char* const kItems = "{\"text\":\"a\"}\n{\"text\":\"b\"}\n";

/// A run that must be refused, with `file` as it was.
void refused(const Scene& scene, const Words& words, const std::string& file, const std::string& message) {
  const std::string before = scene.read(file);
  REQUIRE(!before.empty());
  const Outcome outcome = scene.run(words);
  CHECK(outcome.err == "pipit: " + message + "; name another file\n");
  CHECK(outcome.out == "");
  CHECK(outcome.status == 2);
  CHECK(scene.read(file) == before);
}

}  // namespace

TEST_CASE("guard: the inputs are never an output") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  scene.write("in.jsonl", kItems);
  std::filesystem::create_symlink("in.jsonl", scene.folder() + "/soft.jsonl");
  std::filesystem::create_hard_link(scene.folder() + "/in.jsonl", scene.folder() + "/hard.jsonl");
  for (const std::string name : {"in.jsonl", "./in.jsonl", "soft.jsonl", "hard.jsonl"}) {
    for (const std::string option : {"--output", "--stats", "--trace"}) {
      refused(scene, {"run", "up.yaml", "--inputs", "in.jsonl", option, name}, "in.jsonl",
              option + " '" + name + "' is the same file as the inputs 'in.jsonl'");
    }
  }
  scene.write("out.npy.jsonl", kItems);
  refused(scene, {"run", "up.yaml", "--inputs", "out.npy.jsonl", "--output", "out.npy"}, "out.npy.jsonl",
          "--output: 'out.npy.jsonl', which is written beside it, is the same file as the inputs 'out.npy.jsonl'");
  scene.write("out.jsonl.run", kItems);
  refused(scene, {"run", "up.yaml", "--inputs", "out.jsonl.run", "--output", "out.jsonl"}, "out.jsonl.run",
          "--output: 'out.jsonl.run', which is written beside it, is the same file as the inputs 'out.jsonl.run'");
  scene.write("out.jsonl.retry", kItems);
  refused(scene, {"run", "up.yaml", "--inputs", "out.jsonl.retry", "--output", "out.jsonl"}, "out.jsonl.retry",
          "--output: 'out.jsonl.retry', which is written beside it, is the same file as the inputs 'out.jsonl.retry'");
}

TEST_CASE("guard: standard output that is an input is refused") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  scene.write("in.jsonl", kItems);
  const Outcome named = scene.shell("$PIPIT run up.yaml --inputs in.jsonl >>in.jsonl");
  CHECK(named.err == "pipit: standard output is the same file as the inputs 'in.jsonl'; name another file\n");
  CHECK(named.status == 2);
  const Outcome standard = scene.shell("$PIPIT run up.yaml --inputs - <in.jsonl >>in.jsonl");
  CHECK(standard.err == "pipit: standard output is the same file as standard input; name another file\n");
  CHECK(standard.status == 2);
  CHECK(scene.read("in.jsonl") == kItems);
  CHECK(scene.shell("$PIPIT run up.yaml --inputs in.jsonl --stats - >both").status == 0);
}

TEST_CASE("guard: pipelines and files of arguments and items are never an output") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  scene.write("content.yaml", kContent);
  std::filesystem::create_directory(scene.folder() + "/parts");
  scene.write("parts/inner", kUpper);
  scene.write("outer",
              "pipit: 1\ninputs: {text: string}\nnodes:\n"
              "  - {name: in, op: pipeline, in: text, out: loud, args: {file: parts/inner}}\noutputs: [loud]\n");
  scene.write("weights", "w");
  scene.write("clip", "c");
  const Words item{"--input", "text=a"};
  const auto with = [](Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  for (const std::string option : {"--output", "--stats", "--trace"}) {
    refused(scene, with({"run", "outer", option, "outer"}, item), "outer",
            option + " 'outer' is the same file as the pipeline 'outer'");
    refused(scene, with({"run", "outer", option, "parts/inner"}, item), "parts/inner",
            option + " 'parts/inner' is the same file as the pipeline 'parts/inner'");
    refused(scene, with({"run", "up.yaml", "--set", "up.file=weights", option, "weights"}, item), "weights",
            option + " 'weights' is the same file as 'file' of node 'up'");
    refused(scene, {"run", "content.yaml", "--input", "file=clip", option, "clip"}, "clip",
            option + " 'clip' is the same file as the input 'file'");
  }
  refused(scene, {"check", "outer", "--dot", "parts/inner"}, "parts/inner",
          "--dot 'parts/inner' is the same file as the pipeline 'parts/inner'");
}

TEST_CASE("guard: two outputs are never one file") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  const Words run{"run", "up.yaml", "--input", "text=a", "--output", "out.jsonl", "--stats"};
  for (const std::string name : {"out.jsonl", "./out.jsonl", "out.jsonl.run"}) {
    Words words = run;
    words.push_back(name);
    const Outcome outcome = scene.run(words);
    CHECK(outcome.err == "pipit: --stats '" + name + "' is written by --output too; name another file\n");
    CHECK(outcome.status == 2);
    CHECK_FALSE(scene.exists("out.jsonl"));
  }
}

TEST_CASE("guard: a line that names an output is an item error") {
  const Scene scene;
  scene.write("content.yaml", kContent);
  scene.write("clip", "c");
  const Outcome outcome = scene.run({"run", "content.yaml", "--inputs", "-", "--output", "out.jsonl", "--stats", "s"},
                                    "{\"file\":\"out.jsonl\"}\n{\"file\":\"clip\"}\n{\"file\":\"./out.jsonl.run\"}\n");
  CHECK(outcome.status == 1);
  CHECK(
      scene.read("out.jsonl") ==
      R"({"item":0,"file":"out.jsonl","error":{"node":null,"code":"invalid_input","message":"line 1: input 'file': 'out.jsonl' is what --output writes"}})"
      "\n"
      "{\"item\":1,\"bytes\":[99]}\n"
      R"({"item":2,"file":"./out.jsonl.run","error":{"node":null,"code":"invalid_input","message":"line 3: input 'file': './out.jsonl.run' is what --output writes"}})"
      "\n");
}

TEST_CASE("guard: results that are there need a word") {
  for (const std::string output : {"out.jsonl", "out.npy"}) {
    const Scene scene;
    scene.write("codes.yaml",
                "pipit: 1\ninputs: {text: string}\nnodes:\n"
                "  - {name: codes, op: test/text.codes, in: text, out: codes}\noutputs: [codes]\n");
    const Words run{"run", "codes.yaml", "--input", "text=a", "--output", output};
    CHECK(scene.run(run).status == 0);
    const std::string first = scene.read(output);
    Words other = run;
    other[3] = "text=bc";
    const Outcome refusal = scene.run(other);
    CHECK(refusal.err == "pipit: --output '" + output +
                             "': results are there already; go on with them by --resume, or replace them by "
                             "--overwrite\n");
    CHECK(refusal.status == 2);
    CHECK(scene.read(output) == first);
    other.emplace_back("--overwrite");
    CHECK(scene.run(other).status == 0);
    CHECK(scene.read(output) != first);
    CHECK_FALSE(scene.exists(output + ".new"));
    other.back() = "--resume";
    CHECK_MESSAGE(scene.run(other).status == 0, "the record is of the new run");
    other.emplace_back("--overwrite");
    CHECK(scene.run(other).err == "pipit: --resume and --overwrite exclude each other\n");
  }
}

TEST_CASE("guard: old results stay until there is a new one") {
  for (const std::string output : {"out.jsonl", "out.npy"}) {
    const Scene scene;
    scene.write("slow.yaml",
                "pipit: 1\ninputs: {text: string}\nnodes:\n"
                "  - {name: sleep, op: test/text.sleep, in: text, out: slept, args: {ms: 100000000}}\n"
                "  - {name: codes, op: test/text.codes, in: slept, out: codes}\noutputs: [codes]\n");
    const std::string run = "run slow.yaml --inputs - --output " + output;
    CHECK(scene.shell("echo '{\"text\":\"a\"}' | $PIPIT " + run + " --set sleep.ms=0").status == 0);
    const std::string first = scene.read(output);
    const std::string record = scene.read(output + ".run");
    // Killed while the first item is under way.
    scene.shell("(echo '{\"text\":\"b\"}'; sleep 1) | $PIPIT " + run +
                " --overwrite & p=$!; sleep 0.7; kill -KILL $p; wait");
    CHECK(scene.read(output) == first);
    CHECK(scene.read(output + ".run") == record);
    const Outcome empty = scene.shell("$PIPIT " + run + " --overwrite </dev/null");
    CHECK(empty.err == "no result came; '" + output + "' is left as it was\n");
    CHECK(scene.read(output) == first);
  }
}

TEST_CASE("guard: a link keeps its target") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  scene.write("target.jsonl", "{\"item\":0,\"loud\":\"OLD\"}\n");
  std::filesystem::create_symlink("target.jsonl", scene.folder() + "/out.jsonl");
  CHECK(scene.run({"run", "up.yaml", "--input", "text=a", "--output", "out.jsonl", "--overwrite"}).status == 0);
  CHECK(std::filesystem::is_symlink(scene.folder() + "/out.jsonl"));
  CHECK(scene.read("target.jsonl") == "{\"item\":0,\"loud\":\"A\"}\n");
}

TEST_CASE("guard: a second run is refused while the first one writes") {
  for (const std::string output : {"out.jsonl", "out.npy"}) {
    const Scene scene;
    scene.write("slow.yaml",
                "pipit: 1\ninputs: {text: string}\nnodes:\n"
                "  - {name: sleep, op: test/text.sleep, in: text, out: slept, args: {ms: 5}}\n"
                "  - {name: codes, op: test/text.codes, in: slept, out: codes}\noutputs: [codes]\n");
    std::string lines;
    for (int i = 0; i < 300; ++i) lines += "{\"text\":\"" + std::to_string(1000 + i) + "\"}\n";
    scene.write("in.jsonl", lines);
    const std::string run = "$PIPIT run slow.yaml --inputs in.jsonl --output ";
    CHECK(scene.shell(run + "whole_" + output).status == 0);
    const Outcome outcome = scene.shell(run + output + " & p=$!; until grep -qs . " + output +
                                        "; do sleep 0.02; done; for how in --resume " + "--overwrite; do " + run +
                                        output + " $how; echo $?; done; echo $p; wait $p; echo $?");
    std::string process = outcome.out.substr(4);
    process.resize(process.find('\n'));
    CHECK(outcome.out == "2\n2\n" + process + "\n0\n");
    const std::string line = "another run (process " + process + ") is writing '" + output + "'\n";
    CHECK(outcome.err == line + line);
    CHECK(scene.read(output) == scene.read("whole_" + output));
  }
}

TEST_CASE("guard: an option replaces only what it writes") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  const Words run{"run", "up.yaml", "--input", "text=a"};
  const auto said = [&](const Words& more) {
    Words all = run;
    all.insert(all.end(), more.begin(), more.end());
    const Outcome outcome = scene.run(all);
    CHECK(outcome.status == 2);
    CHECK(outcome.out == "");
    return outcome.err;
  };
  const std::string clip = "\x01 a clip, or whatever is dear to someone";
  for (const char* name : {"mine", "out.jsonl.run"}) scene.write(name, clip);
  CHECK(said({"--output", "mine", "--overwrite"}) ==
        "pipit: --output 'mine' is there and is not a result of pipit run; remove it, or name another file\n");
  CHECK(
      said({"--output", "out.jsonl"}) ==
      "pipit: --output: 'out.jsonl.run', which is written beside it, is there and is not a result of pipit run; remove "
      "it, or name another file\n");
  CHECK(
      said({"--stats", "mine"}) ==
      "pipit: --stats 'mine' is there and is not the statistics of an earlier run; remove it, or name another file\n");
  CHECK(said({"--trace", "mine"}) ==
        "pipit: --trace 'mine' is there and is not the trace of an earlier run; remove it, or name another file\n");
  CHECK(scene.run({"check", "up.yaml", "--dot", "mine"}).err ==
        "pipit: --dot 'mine' is there and is not a picture of a pipeline; remove it, or name another file\n");
  for (const char* name : {"mine", "out.jsonl.run"}) CHECK(scene.read(name) == clip);

  // Reports of earlier runs are replaced without a word.
  for (int i = 0; i < 2; ++i) {
    CHECK(scene.run({"run", "up.yaml", "--input", "text=a", "--stats", "s.json", "--trace", "t.json"}).status == 0);
    CHECK(scene.run({"check", "up.yaml", "--dot", "up.dot"}).status == 0);
  }
}

TEST_CASE("guard: the working directory is searched for operators only when it is named") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  const Outcome outcome = scene.run({"check", "up.yaml", "--operator-path", ""});
  CHECK(outcome.err == "pipit: --operator-path is empty; name a folder ('.' is the working directory)\n");
  CHECK(outcome.status == 2);
}

TEST_CASE("guard: a standard output that is full is told by every command") {
  const Scene scene;
  const Outcome outcome = scene.shell("$PIPIT operators >/dev/full");
  CHECK(outcome.err == "cannot write standard output: No space left on device\n");
  CHECK(outcome.status == 3);
}
