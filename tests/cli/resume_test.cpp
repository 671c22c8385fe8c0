// Runs that broke off and go on: together they give what one run would have given.
#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <random>
#include <string>

#include "scene.h"

using test::Outcome;
using test::Scene;
using test::Words;

namespace {

const char* const kUpper = R"(pipit: 1
inputs: {text: string}
nodes:
  - {name: up, op: test/text.upper, in: text, out: loud, args: {suffix: .}}
outputs: [loud]
)";

const char* const kContent = R"(pipit: 1
inputs: {file: string}
nodes:
  - {name: read, op: test/text.content, in: file, out: bytes}
outputs: [file, bytes]
)";

// A row of four numbers for each item, after a moment.
const char* const kSlow = R"(pipit: 1
inputs: {text: string}
nodes:
  - {name: sleep, op: test/text.sleep, in: text, out: slept, args: {ms: 1}}
  - {name: codes, op: test/text.codes, in: slept, out: codes}
outputs: [codes]
)";

const char* const kFour = "{\"text\":\"a\"}\n{\"text\":\"bad\"}\n{\"text\":\"c\"}\n{\"text\":\"d\"}\n";

std::string error_of(const std::string& output, const std::string& was) {
  return "cannot resume '" + output + "': it was made by another run: " + was +
         "; start anew with --overwrite, or name another --output\n";
}

void cut(const Scene& scene, const std::string& name, std::size_t bytes) {
  const std::string path = scene.folder() + "/" + name;
  const std::size_t size = std::filesystem::file_size(path);
  std::filesystem::resize_file(path, size - std::min(size, bytes));
}

void append(const Scene& scene, const std::string& name, const std::string& text) {
  scene.write(name, scene.read(name) + text);
}

/// Kills a slow run again and again, tears its last line, lets it go on; what is there in the end is what one run
/// gives.
void kill_often(const std::string& output, const std::string& lines) {
  const Scene scene;
  scene.write("slow.yaml", kSlow);
  std::string inputs;
  for (int i = 0; i < 400; ++i)
    inputs += "{\"id\":" + std::to_string(i) + ",\"text\":\"" + std::to_string(1000 + i) + "\"}\n";
  scene.write("in.jsonl", inputs);
  const Words whole{"run", "slow.yaml", "--inputs", "in.jsonl", "--output", "whole_" + output};
  REQUIRE(scene.run(whole).status == 0);

  std::mt19937 random(7);
  const std::string run = "run slow.yaml --inputs in.jsonl --resume --output " + output;
  for (int round = 0; round < 20; ++round) {
    scene.shell("$PIPIT " + run + " & p=$!; sleep 0.0" + std::to_string(10 + random() % 80) +
                "; kill -KILL $p; wait $p");
    if (scene.exists(lines) && random() % 2 == 0) cut(scene, lines, random() % 40);
  }
  const Outcome last = scene.shell("$PIPIT " + run);
  CHECK(last.err == "");
  CHECK(last.status == 0);
  CHECK(scene.read(output) == scene.read("whole_" + output));
  CHECK(scene.read(lines) == scene.read("whole_" + lines));
}

}  // namespace

TEST_CASE("resume: a run goes on after the last whole line") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  scene.write("in.jsonl", kFour);
  const Words run{"run", "up.yaml", "--inputs", "in.jsonl", "--output", "out.jsonl", "--resume"};
  CHECK(scene.run(run).status == 1);
  const std::string whole = scene.read("out.jsonl");
  for (const std::size_t torn : {1, 10, 30, 150}) {
    cut(scene, "out.jsonl", torn);
    const Outcome outcome = scene.run(run);
    // A cut of 150 bytes leaves no whole line, and the failed item fails again.
    CHECK(outcome.err ==
          std::string(
              torn < 150
                  ? "1 item failed in an earlier run, see 'out.jsonl'; --resume --retry-failed runs it again\n"
                  : "1 of 4 items failed; item 1: node 'up': 'bad' is bad (bad_text); 'out.jsonl' has its line\n"));
    CHECK(outcome.status == 1);
    CHECK(scene.read("out.jsonl") == whole);
  }
}

TEST_CASE("resume: what was added to the inputs is run and nothing else") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  scene.write("in.jsonl", "{\"text\":\"a\"}\n");
  const Words run{"run",       "up.yaml",  "--inputs", "in.jsonl",  "--output",
                  "out.jsonl", "--resume", "--stats",  "stats.json"};
  CHECK(scene.run(run).status == 0);
  CHECK(scene.run(run).status == 0);
  CHECK(scene.read("stats.json").starts_with("{\"items\":0,"));
  append(scene, "in.jsonl", "{\"text\":\"b\"}\n");
  CHECK(scene.run(run).status == 0);
  CHECK(scene.read("stats.json").starts_with("{\"items\":1,"));
  CHECK(scene.read("out.jsonl") == "{\"item\":0,\"loud\":\"A.\"}\n{\"item\":1,\"loud\":\"B.\"}\n");
  scene.write("in.jsonl", "");
  CHECK(scene.run(run).err == "cannot resume 'out.jsonl': it has 2 results, 'in.jsonl' has 0 items\n");
}

TEST_CASE("resume: another run is refused with what has changed") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  scene.write("in.jsonl", kFour);
  scene.write("weights", "1");
  const auto run = [&](const Words& more) {
    Words words{"run", "up.yaml", "--inputs", "in.jsonl", "--output", "out.jsonl", "--set", "up.file=weights"};
    words.insert(words.end(), more.begin(), more.end());
    return scene.run(words);
  };
  CHECK(run({}).status == 1);
  const std::string whole = scene.read("out.jsonl");

  const Outcome argument = run({"--resume", "--set", "up.times=2"});
  CHECK(argument.err == error_of("out.jsonl", "pipeline.nodes.up.args.times was 1, is 2"));
  CHECK(argument.status == 2);

  scene.write("in2.jsonl", kFour);
  CHECK(run({"--resume", "--inputs", "in2.jsonl"}).status == 2);
  CHECK(
      scene
          .run({"run", "up.yaml", "--input", "text=a", "--output", "out.jsonl", "--resume", "--set", "up.file=weights"})
          .err == error_of("out.jsonl", "inputs was \"" + scene.folder() + "/in.jsonl\", is \"text=a\""));

  scene.write("up.yaml", std::string(kUpper) + "# a remark changes nothing\n");
  CHECK(run({"--resume"}).status == 1);
  scene.write("up.yaml",
              "pipit: 1\ninputs: {text: string}\nnodes:\n"
              "  - {name: up, op: test/text.upper, in: text, out: loud, args: {suffix: .}}\n"
              "  - {name: more, op: test/text.upper, in: loud, out: loud}\noutputs: [loud]\n");
  const Outcome node = run({"--resume"});
  CHECK(node.err.find("pipeline.nodes.more was not there, is {\"op\":\"test/text.upper\"") != std::string::npos);
  CHECK(node.err.find("; pipeline.outputs was [\"up.loud\"], is [\"more.loud\"]") != std::string::npos);
  scene.write("up.yaml", kUpper);

  scene.write("weights", "22");
  const Outcome weights = run({"--resume"});
  CHECK(weights.err.find("files.weights.bytes was 1, is 2") != std::string::npos);
  CHECK(weights.status == 2);
  CHECK(scene.read("out.jsonl") == whole);
}

TEST_CASE("resume: an output that no run left is refused") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  scene.write("in.jsonl", kFour);
  const Words run{"run", "up.yaml", "--inputs", "in.jsonl", "--output", "out.jsonl", "--resume"};
  scene.write("out.jsonl", "{\"item\":0}\n");
  const Outcome none = scene.run(run);
  CHECK(none.err ==
        "cannot resume 'out.jsonl': 'out.jsonl.run', which tells how it was made, is not there; start anew with "
        "--overwrite\n");
  CHECK(none.status == 2);
  scene.write("out.jsonl", "");
  CHECK(scene.run(run).status == 1);
  scene.write("out.jsonl", "{\"item\":0,\"loud\":\"A.\"}\n{\"item\":7,\"loud\":\"A.\"}\n");
  const Outcome other = scene.run(run);
  CHECK(other.err == "cannot resume 'out.jsonl': line 2 is not the result of item 1; start anew with --overwrite\n");
  CHECK(other.status == 2);
  scene.write("out.jsonl.run", "{\"pipit\":");
  CHECK(scene.run(run).err ==
        "cannot resume 'out.jsonl': 'out.jsonl.run', which tells how it was made, is damaged; start anew with "
        "--overwrite\n");
}

TEST_CASE("resume: needs a file that can be read again") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  for (const char* output : {"-", "/dev/null"}) {
    const Outcome outcome = scene.run({"run", "up.yaml", "--input", "text=a", "--resume", "--output", output});
    CHECK(outcome.err == "pipit: --resume needs --output FILE.jsonl or FILE.npy, a file that can be read again\n");
    CHECK(outcome.status == 2);
  }
  const Outcome alone = scene.run({"run", "up.yaml", "--input", "text=a", "--retry-failed"});
  CHECK(alone.err == "pipit: --retry-failed goes with --resume\n");
  CHECK(alone.status == 2);
}

TEST_CASE("resume: items that failed are retried in their places") {
  for (const std::string output : {"out.jsonl", "out.npy"}) {
    const Scene scene;
    const std::string lines = output == "out.npy" ? "out.npy.jsonl" : output;
    scene.write("content.yaml", kContent);
    scene.write("b", "bb");
    scene.write("d", "dd");
    scene.write("in.jsonl", "{\"file\":\"a\"}\n{\"file\":\"b\"}\n{\"file\":\"c\"}\n{\"file\":\"d\"}\n");
    const Words run{"run", "content.yaml", "--inputs", "in.jsonl", "--output", output, "--resume"};
    Words retry = run;
    retry.emplace_back("--retry-failed");
    CHECK(scene.run(run).status == 1);

    scene.write("c", "cc");
    append(scene, "in.jsonl", "{\"file\":\"e\"}\n");
    CHECK(scene.run(retry).status == 1);
    scene.write("a", "aa");
    scene.write("e", "ee");
    const Outcome good = scene.run(retry);
    CHECK(good.err == "");
    CHECK(good.status == 0);
    Words whole = run;
    whole[5] = "whole_" + output;
    CHECK(scene.run(whole).status == 0);
    CHECK(scene.read(output) == scene.read("whole_" + output));
    CHECK(scene.read(lines) == scene.read("whole_" + lines));
    CHECK_FALSE(scene.exists(output + ".retry"));
    CHECK_FALSE(scene.exists(lines + ".retry"));
  }
}

TEST_CASE("resume: a retry that was killed between its two files is ended") {
  const Scene scene;
  scene.write("content.yaml", kContent);
  scene.write("b", "bb");
  scene.write("in.jsonl", "{\"file\":\"a\"}\n{\"file\":\"b\"}\n");
  const Words run{"run", "content.yaml", "--inputs", "in.jsonl", "--output", "out.npy", "--resume"};
  CHECK(scene.run(run).status == 1);
  const std::string old_lines = scene.read("out.npy.jsonl");
  scene.write("a", "aa");
  Words retry = run;
  retry.emplace_back("--retry-failed");
  CHECK(scene.run(retry).status == 0);
  const std::string array = scene.read("out.npy");
  const std::string lines = scene.read("out.npy.jsonl");
  scene.write("out.npy.jsonl", old_lines);
  scene.write("out.npy.jsonl.retry", lines);
  CHECK(scene.run(run).status == 0);
  CHECK(scene.read("out.npy") == array);
  CHECK(scene.read("out.npy.jsonl") == lines);
}

TEST_CASE("resume: a retry that is killed leaves what was there") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  scene.write("in.jsonl", kFour);
  const Words run{"run", "up.yaml", "--inputs", "in.jsonl", "--output", "out.jsonl", "--resume", "--retry-failed"};
  CHECK(scene.run(run).status == 1);
  const std::string whole = scene.read("out.jsonl");
  scene.write("out.jsonl.retry", "{\"item\":0,");
  CHECK(scene.run(run).status == 1);
  CHECK(scene.read("out.jsonl") == whole);
}

TEST_CASE("resume: twenty kills leave the lines of one run") {
  kill_often("out.jsonl", "out.jsonl");
}

TEST_CASE("resume: twenty kills leave the array of one run") {
  kill_often("out.npy", "out.npy.jsonl");
}

TEST_CASE("resume: earlier items that have changed are refused") {
  for (const std::string output : {"out.jsonl", "out.npy"}) {
    const Scene scene;
    scene.write("slow.yaml", kSlow);
    scene.write("in.jsonl", "{\"text\":\"ab\"}\n\n{\"text\":\"cd\"}\n");
    const Words run{"run", "slow.yaml", "--inputs", "in.jsonl", "--output", output, "--resume"};
    CHECK(scene.run(run).status == 0);
    const std::string whole = scene.read(output);
    const auto refused = [&](const std::string& where, const std::string& lines) {
      scene.write("in.jsonl", lines);
      for (const Words& words :
           {run, Words{"run", "slow.yaml", "--inputs", "in.jsonl", "--output", output, "--resume", "--retry-failed"}}) {
        const Outcome outcome = scene.run(words);
        CHECK(outcome.err == "cannot resume '" + output + "': " + where +
                                 " was made from; items may be added at the end only. Start anew with --overwrite, or "
                                 "name another --output\n");
        CHECK(outcome.status == 2);
        CHECK(scene.read(output) == whole);
      }
    };
    refused("line 1 of 'in.jsonl' is not what the result of item 0",
            "{\"text\":\"xy\"}\n{\"text\":\"cd\"}\n{\"text\":\"ef\"}\n");
    refused("line 1 of 'in.jsonl' is not what the result of item 0", "{\"text\":\"cd\"}\n{\"text\":\"ab\"}\n");
    refused("line 3 of 'in.jsonl' is not what the result of item 1", "{\"text\":\"ab\"}\n\n{\"text\":\"xx\"}\n");
    scene.write("in.jsonl", "{\"text\":\"ab\"}\n{\"text\":\"cd\"}\n{\"text\":\"ef\"}\n");
    CHECK(scene.run(run).status == 0);
    CHECK(scene.read(output).starts_with(output == "out.npy" ? whole.substr(0, 60) : whole));
  }
}

TEST_CASE("resume: a failed item's line may be mended before it is run again") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  Words run{"run", "up.yaml", "--inputs", "in.jsonl", "--output", "out.jsonl"};
  scene.write("in.jsonl", "{\"text\":\"a\"}\n{\"txet\":\"b\"}\n{\"text\":\"c\"}\n");
  CHECK(scene.run(run).status == 1);
  scene.write("in.jsonl", "{\"text\":\"a\"}\n{\"text\":\"b\"}\n{\"text\":\"c\"}\n");
  run.emplace_back("--resume");
  const Outcome refused = scene.run(run);
  CHECK(refused.err ==
        "cannot resume 'out.jsonl': line 2 of 'in.jsonl' is not what the result of item 1 was made from; that item "
        "failed, and --retry-failed takes what stands there now. Start anew with --overwrite, or name another "
        "--output\n");
  CHECK(refused.status == 2);
  run.emplace_back("--retry-failed");
  const Outcome mended = scene.run(run);
  CHECK(mended.err == "");
  CHECK(mended.status == 0);
  CHECK(scene.read("out.jsonl") ==
        "{\"item\":0,\"loud\":\"A.\"}\n{\"item\":1,\"loud\":\"B.\"}\n{\"item\":2,\"loud\":\"C.\"}\n");
  run.pop_back();
  CHECK_MESSAGE(scene.run(run).status == 0, "the new line is the one that is known from then on");
}

TEST_CASE("resume: items of standard input that have changed are refused before one runs") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  const Words run{"run", "up.yaml", "--inputs", "-", "--output", "out.jsonl", "--resume"};
  CHECK(scene.run(run, "{\"text\":\"a\"}\n").status == 0);
  const Outcome changed = scene.run(run, "{\"text\":\"b\"}\n{\"text\":\"c\"}\n");
  CHECK(
      changed.err ==
      "cannot resume 'out.jsonl': line 1 of '-' is not what the result of item 0 was made from; items may be added at "
      "the end only. Start anew with --overwrite, or name another --output\n");
  CHECK(changed.status == 2);
  CHECK(scene.read("out.jsonl") == "{\"item\":0,\"loud\":\"A.\"}\n");
  CHECK(scene.run(run, "{\"text\":\"a\"}\n{\"text\":\"c\"}\n").status == 0);
  CHECK(scene.read("out.jsonl") == "{\"item\":0,\"loud\":\"A.\"}\n{\"item\":1,\"loud\":\"C.\"}\n");
}

TEST_CASE("resume: a record of before goes on and says what it does not know") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  scene.write("in.jsonl", kFour);
  scene.write("weights", "1");
  const Words run{"run",       "up.yaml",  "--inputs", "in.jsonl",       "--output",
                  "out.jsonl", "--resume", "--set",    "up.file=weights"};
  CHECK(scene.run(run).status == 1);
  // Times were numbers, and there were no digests.
  std::string record = scene.read("out.jsonl.run");
  record.resize(record.find("\n}\n") + 3);
  const std::size_t time = record.find("\"modified\": \"") + 12;
  const auto count =
      std::filesystem::last_write_time(scene.folder() + "/weights").time_since_epoch() / std::chrono::nanoseconds(1);
  record.replace(time, record.find('"', time + 1) + 1 - time, std::to_string(count));
  scene.write("out.jsonl.run", record);
  CHECK(scene.run(run).err ==
        "warning: 'out.jsonl.run' was written by an earlier pipit and does not know the items of 'in.jsonl'; whether "
        "they "
        "are still the same is not checked\n"
        "1 item failed in an earlier run, see 'out.jsonl'; --resume --retry-failed runs it again\n");
  scene.write("in.jsonl", "{\"text\":\"b\"}\n");
  CHECK(scene.run(run).status == 2);
}

TEST_CASE("resume: a file that has changed is told with its times") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  scene.write("in.jsonl", "{\"text\":\"a\"}\n");
  scene.write("weights", "1");
  const Words run{"run",       "up.yaml",  "--inputs", "in.jsonl",       "--output",
                  "out.jsonl", "--resume", "--set",    "up.file=weights"};
  scene.shell("TZ=UTC touch -d '2026-01-02 03:04:05.5' weights");
  CHECK(scene.run(run).status == 0);
  scene.shell("TZ=UTC touch -d '2026-01-03 03:04:05' weights");
  CHECK(scene.run(run).err == error_of("out.jsonl",
                                       "files.weights.modified was \"2026-01-02T03:04:05.500000000Z\", is "
                                       "\"2026-01-03T03:04:05.000000000Z\""));
}

TEST_CASE("resume: an array that was killed before its first item begins anew") {
  const Scene scene;
  scene.write("slow.yaml", kSlow);
  scene.write("in.jsonl", "");
  const Words run{"run", "slow.yaml", "--inputs", "in.jsonl", "--output", "out.npy", "--resume"};
  CHECK(scene.run(run).status == 0);
  std::filesystem::remove(scene.folder() + "/out.npy.run");
  scene.write("in.jsonl", "{\"text\":\"ab\"}\n");
  CHECK(scene.run(run).status == 0);
  CHECK(scene.read("out.npy.jsonl") == "{\"item\":0,\"row\":0}\n");
  scene.write("out.npy", "an array of somebody else's");
  scene.write("out.npy.jsonl", "");
  std::filesystem::remove(scene.folder() + "/out.npy.run");
  CHECK(scene.run(run).status == 2);
}

TEST_CASE("resume: a folder and a table go on like lines") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  std::filesystem::create_directory(scene.folder() + "/clips");
  scene.write("clips/b1.mp4", "");
  scene.write("clips/b2.mp4", "");
  const Words folder{"run", "up.yaml", "--inputs", "clips", "--output", "out.jsonl", "--resume"};
  CHECK(scene.run(folder).status == 0);
  scene.write("clips/b10.mp4", "");
  CHECK(scene.run(folder).status == 0);
  CHECK(scene.read("out.jsonl").find("{\"item\":2,\"loud\":\"CLIPS/B10.MP4.\"}\n") != std::string::npos);
  scene.write("clips/a.mp4", "");
  const Outcome moved = scene.run(folder);
  CHECK(moved.err ==
        "cannot resume 'out.jsonl': item 0 of 'clips', 'clips/a.mp4', is not what the result of item 0 was made from; "
        "items may be added at the end only. Start anew with --overwrite, or name another --output\n");
  CHECK(moved.status == 2);

  scene.write("in.csv", "id,text\n1,\"a\nb\"\n");
  const Words table{"run", "up.yaml", "--inputs", "in.csv", "--output", "table.jsonl", "--resume"};
  CHECK(scene.run(table).status == 0);
  scene.write("in.csv", "id,text\n1,\"a\nb\"\n2,c\n");
  CHECK(scene.run(table).status == 0);
  CHECK(scene.read("table.jsonl") ==
        "{\"item\":0,\"id\":\"1\",\"loud\":\"A\\nB.\"}\n{\"item\":1,\"id\":\"2\",\"loud\":\"C.\"}\n");
}

TEST_CASE("resume: items whose names are not UTF-8 are retried") {
  const Scene scene;
  scene.write("content.yaml", kContent);
  scene.write("in.jsonl", "{\"file\":\"caf\\udce9\"}\n");
  const Words run{"run", "content.yaml", "--inputs", "in.jsonl", "--output", "out.jsonl", "--resume", "--retry-failed"};
  CHECK(scene.run(run).status == 1);
  scene.write("caf\xe9", "a");
  CHECK(scene.run(run).status == 0);
  CHECK(scene.read("out.jsonl") == R"({"item":0,"file":"caf\udce9","bytes":[97]})"
                                   "\n");
}
