// Runs that share a list, and their results brought together: what one run gives.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "scene.h"

using test::Outcome;
using test::Scene;
using test::Words;

namespace {

// A row of four numbers for each item; 'bad' fails.
const char* const kCodes = R"(pipit: 1
inputs: {text: string}
nodes:
  - {name: up, op: test/text.upper, in: text, out: loud, args: {suffix: .}}
  - {name: codes, op: test/text.codes, in: loud, out: codes}
outputs: [loud, codes]
)";

std::string list_of(int items) {
  std::string lines;
  for (int i = 0; i < items; ++i) {
    const std::string text = i % 5 == 3 ? "bad" : std::to_string(1000 + i);
    lines += "{\"id\":" + std::to_string(i) + ",\"text\":\"" + text + "\"}\n";
  }
  return lines;
}

/// A folder with the pipeline and a list.
class Shards : public Scene {
 public:
  explicit Shards(int items) {
    write("codes.yaml", kCodes);
    write("in.jsonl", list_of(items));
  }
};

int run(const Scene& scene, const std::string& output, const Words& more = {}) {
  Words words{"run", "codes.yaml", "--inputs", "in.jsonl", "--output", output};
  words.insert(words.end(), more.begin(), more.end());
  return scene.run(words).status;
}

std::string part(int i, int of, const std::string& ending) {
  return "part" + std::to_string(i) + "of" + std::to_string(of) + ending;
}

Words run_shards(const Scene& scene, int of, const std::string& ending) {
  Words parts;
  for (int i = of; i >= 1; --i) {
    const std::string file = part(i, of, ending);
    CHECK(run(scene, file, {"--shard", std::to_string(i) + "/" + std::to_string(of)}) <= 1);
    parts.push_back(file);
  }
  return parts;
}

Outcome merge(const Scene& scene, const Words& parts, const std::string& output, const Words& more = {}) {
  Words words{"merge"};
  words.insert(words.end(), parts.begin(), parts.end());
  words.insert(words.end(), {"--output", output});
  words.insert(words.end(), more.begin(), more.end());
  return scene.run(words);
}

}  // namespace

TEST_CASE("shard: merged lines and their record are those of one run") {
  for (const int items : {0, 1, 4, 23}) {
    const Shards scene(items);
    run(scene, "whole.jsonl");
    for (const int of : {1, 2, 5}) {
      const Outcome outcome = merge(scene, run_shards(scene, of, ".jsonl"), "merged.jsonl", {"--overwrite"});
      INFO(items, " items in ", of, " shards");
      CHECK(outcome.err == "");
      CHECK(outcome.status == 0);
      CHECK(scene.read("merged.jsonl") == scene.read("whole.jsonl"));
      CHECK(scene.read("merged.jsonl.run") == scene.read("whole.jsonl.run"));
    }
  }
}

TEST_CASE("shard: merged arrays and their lines are those of one run") {
  for (const int items : {1, 4, 23}) {
    const Shards scene(items);
    run(scene, "whole.npy");
    for (const int of : {2, 5}) {
      INFO(items, " items in ", of, " shards");
      CHECK(merge(scene, run_shards(scene, of, ".npy"), "merged.npy", {"--overwrite"}).err == "");
      CHECK(scene.read("merged.npy") == scene.read("whole.npy"));
      CHECK(scene.read("merged.npy.jsonl") == scene.read("whole.npy.jsonl"));
      CHECK(scene.read("merged.npy.run") == scene.read("whole.npy.run"));
    }
  }
}

TEST_CASE("shard: a merged output is gone on with as that of one run") {
  const Shards scene(7);
  CHECK(merge(scene, run_shards(scene, 3, ".jsonl"), "merged.jsonl").status == 0);
  scene.write("in.jsonl", list_of(9));
  run(scene, "whole.jsonl");
  CHECK(run(scene, "merged.jsonl", {"--resume"}) == 1);
  CHECK(scene.read("merged.jsonl") == scene.read("whole.jsonl"));
}

TEST_CASE("shard: a missing or doubled shard is told") {
  const Shards scene(10);
  const Words parts = run_shards(scene, 4, ".jsonl");  // of 4, 3, 2, 1
  CHECK(merge(scene, {parts[0], parts[1], parts[3]}, "m.jsonl").err ==
        "cannot merge 'part1of4.jsonl': of its 4 shards 2/4 is missing\n");
  CHECK(merge(scene, {parts[1]}, "m.jsonl").err ==
        "cannot merge 'part3of4.jsonl': of its 4 shards 1/4, 2/4, 4/4 are missing\n");
  std::filesystem::copy_file(scene.folder() + "/part2of4.jsonl", scene.folder() + "/copy.jsonl");
  for (const char* beside : {".run", ".shard"}) {
    std::filesystem::copy_file(scene.folder() + "/part2of4.jsonl" + beside, scene.folder() + "/copy.jsonl" + beside);
  }
  const Outcome doubled = merge(scene, {parts[0], parts[1], parts[2], parts[3], "copy.jsonl"}, "m.jsonl");
  CHECK(doubled.err == "cannot merge 'copy.jsonl': it is shard 2/4, and so is 'part2of4.jsonl'\n");
  CHECK(doubled.status == 2);
  const Words others = run_shards(scene, 3, ".jsonl");
  CHECK(merge(scene, {parts[3], others[1]}, "m.jsonl").err ==
        "cannot merge 'part2of3.jsonl': it is shard 2/3, and 'part1of4.jsonl' is shard 1/4\n");
  CHECK_FALSE(scene.exists("m.jsonl"));
}

TEST_CASE("shard: one that did not come to its end or was made otherwise is told") {
  const Shards scene(10);
  const Words parts = run_shards(scene, 2, ".jsonl");
  run(scene, "plain.jsonl");
  CHECK(
      merge(scene, {"plain.jsonl", parts[0]}, "m.jsonl").err ==
      "cannot merge 'plain.jsonl': 'plain.jsonl.shard' is not there, so it is not the whole result of a shard; run it "
      "to its end, with --shard I/N --resume\n");
  CHECK(run(scene, "stopped.jsonl", {"--shard", "2/2", "--on-error", "stop"}) == 1);
  CHECK_FALSE(scene.exists("stopped.jsonl.shard"));
  CHECK(run(scene, "stopped.jsonl", {"--shard", "2/2", "--resume"}) == 1);
  CHECK(scene.exists("stopped.jsonl.shard"));
  CHECK(scene.read("stopped.jsonl") == scene.read("part2of2.jsonl"));
  CHECK(run(scene, "other.jsonl", {"--shard", "2/2", "--set", "up.suffix=!"}) == 1);
  CHECK(
      merge(scene, {parts[1], "other.jsonl"}, "m.jsonl").err ==
      "cannot merge 'other.jsonl': it was made by another run than 'part1of2.jsonl': pipeline.nodes.up.args.suffix was "
      "\".\", is \"!\"\n");
  std::filesystem::resize_file(scene.folder() + "/part2of2.jsonl", 40);
  CHECK(merge(scene, parts, "m.jsonl").err ==
        "cannot merge 'part2of2.jsonl': it has fewer lines than its shard has items\n");
  scene.write("part2of2.jsonl.shard", "{\"shard\":\"3/2\"}");
  CHECK(merge(scene, parts, "m.jsonl").err == "cannot merge 'part2of2.jsonl': 'part2of2.jsonl.shard' is damaged\n");
  CHECK_FALSE(scene.exists("m.jsonl"));
}

TEST_CASE("shard: another shard is not another part of the same output") {
  const Shards scene(6);
  run_shards(scene, 2, ".jsonl");
  const Outcome outcome = scene.run(
      {"run", "codes.yaml", "--inputs", "in.jsonl", "--output", "part1of2.jsonl", "--shard", "2/2", "--resume"});
  CHECK(outcome.err ==
        "cannot resume 'part1of2.jsonl': it was made by another run: shard was \"1/2\", is \"2/2\"; start anew with "
        "--overwrite, or name another --output\n");
}

TEST_CASE("shard: what cannot be a shard is told before anything runs") {
  const Shards scene(2);
  const auto err = [&](const Words& more) {
    Words words{"run", "codes.yaml"};
    words.insert(words.end(), more.begin(), more.end());
    const Outcome outcome = scene.run(words);
    CHECK(outcome.status == 2);
    return outcome.err;
  };
  for (const char* wrong : {"0/2", "3/2", "1", "a/b", "1/2/3", "1/-2", "1/9999999999"}) {
    CHECK(err({"--inputs", "in.jsonl", "--output", "o.jsonl", "--shard", wrong}) ==
          "pipit: --shard takes I/N, the I-th of N parts, as in 1/4 to 4/4; found '" + std::string(wrong) + "'\n");
  }
  CHECK(err({"--input", "text=a", "--output", "o.jsonl", "--shard", "1/2"}) == "pipit: --shard goes with --inputs\n");
  CHECK(err({"--inputs", "in.jsonl", "--shard", "1/2"}) ==
        "pipit: --shard goes with --output FILE.jsonl or FILE.npy\n");
  CHECK(err({"--inputs", "in.jsonl", "--output", "o.index", "--shard", "1/2"}) ==
        "pipit: --shard goes with --output FILE.jsonl or FILE.npy\n");
}

TEST_CASE("merge: nothing is written over unasked") {
  const Shards scene(4);
  const Words parts = run_shards(scene, 2, ".jsonl");
  CHECK(merge(scene, parts, "part1of2.jsonl").err ==
        "pipit: --output 'part1of2.jsonl' is the same file as the shard 'part1of2.jsonl'; name another file\n");
  CHECK(merge(scene, parts, "m.jsonl").status == 0);
  CHECK(merge(scene, parts, "m.jsonl").err ==
        "pipit: --output 'm.jsonl': it is there already; replace it by --overwrite\n");
  CHECK(merge(scene, parts, "m.npy").err == "pipit: 'part2of2.jsonl' and --output 'm.npy' are not of one form\n");
  CHECK(merge(scene, {"a.index"}, "m.jsonl").err ==
        "pipit: 'a.index': indexes are not merged; make shards of JSON lines or arrays, or one index by --append\n");
}
