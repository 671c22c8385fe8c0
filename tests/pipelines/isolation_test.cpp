// The shipped operators in processes of their own: the same results, to the byte.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "files.h"
#include "program.h"
#include "scene.h"

using test::Outcome;
using test::run;
using test::TemporaryFolder;

namespace {

/// Clips good and bad.
std::string clip_list() {
  std::string lines;
  for (const char* clip : {"three_frames.mp4", "unknown_duration.mp4", "open_gop.mkv", "vp8_live.webm", "mpeg4.avi",
                           "no_such.mp4", "cut_moov.mp4"}) {
    lines += fmt::format("{{\"path\": \"{}/{}\"}}\n", test::kClips, clip);
  }
  return lines;
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

/// Every node of a pipeline isolated.
std::string all_isolated(std::string yaml) {
  replace_all(yaml, ", isolate: $isolate", "");
  replace_all(yaml, "- {name:", "- {isolate: process, name:");
  replace_all(yaml, "- name:", "- isolate: process\n    name:");
  return yaml;
}

}  // namespace

TEST_CASE("isolation: a shipped pipeline's decoder runs apart with one --set, and gives the same") {
  const TemporaryFolder folder;
  const std::string list = folder.write("clips.jsonl", clip_list());
  for (const std::string& pipeline : {test::kVideoEmbedding, test::kMoments, test::kClipRows}) {
    CAPTURE(pipeline);
    const Outcome inside = run({"run", pipeline, "--inputs", list});
    const Outcome apart = run({"run", pipeline, "--inputs", list, "--set", "vars.isolate=process"});
    CHECK(inside.out.size() > 1000);
    CHECK((apart.out == inside.out));
    CHECK(apart.err == inside.err);
    CHECK(apart.status == inside.status);
    const Outcome plan = run({"check", pipeline, "--explain", "--set", "vars.isolate=process"});
    CHECK(plan.out.find("runs 1 replica, in a process of its own") != std::string::npos);
  }
}

TEST_CASE("isolation: every node of the shipped pipelines can run apart") {
  const TemporaryFolder folder;
  const std::string list = folder.write("clips.jsonl", clip_list());
  const std::string texts =
      folder.write("texts.jsonl", "{\"text\": \"a red circle\"}\n{\"text\": \"\"}\n{\"text\": 7}\n");
  const std::string images = folder.write(
      "images.jsonl", fmt::format("{{\"path\": \"{0}/palette.bmp\"}}\n{{\"path\": \"{0}/turned_6.png\"}}\n",
                                  PIPIT_SOURCE_DIR "/tests/operators/image_decode/data"));
  for (const auto& [pipeline, inputs] :
       {std::pair(test::kVideoEmbedding, list), std::pair(test::kMoments, list), std::pair(test::kTextEmbedding, texts),
        std::pair(test::kImageEmbedding, images)}) {
    CAPTURE(pipeline);
    const std::string apart = folder.write("apart.yaml", all_isolated(test::read_file(pipeline)));
    const Outcome inside = run({"run", pipeline, "--inputs", inputs});
    const Outcome outside = run({"run", apart, "--inputs", inputs});
    CHECK(inside.out.size() > 1000);
    CHECK(outside.err == inside.err);
    CHECK((outside.out == inside.out));
    CHECK(outside.status == inside.status);
  }
}

TEST_CASE("isolation: tensors on cuda cannot be passed, which is told before anything runs") {
  const TemporaryFolder folder;
  const std::string pipeline = folder.write("p.yaml", R"(pipit: 1
inputs: {text: string}
nodes:
  - name: embed
    op: video_text_embedding.clip4clip
    in: text
    out: vec
    args: {model_name: auto, weight_path: ")" + test::kDemoWeights +
                                                          R"(", modality: text, device: "cuda:0"}
    isolate: process
outputs: [vec]
)");
  const Outcome outcome = run({"check", pipeline});
  CHECK(outcome.status == 2);
  CHECK(outcome.err == pipeline +
                           ":9:14: node 'embed': tensors on cuda cannot go from process to process; leave 'isolate' "
                           "out, or use device: cpu\n        isolate: process\n                 ^\n");
}

TEST_CASE("isolation: what an isolated operator prints is no result") {
  const test::Scene scene;
  scene.write("p.yaml", R"(pipit: 1
inputs: {text: string}
nodes:
  - {name: it, op: test/text.stranger, in: text, out: said, isolate: process}
outputs: [said]
)");
  const Outcome outcome = scene.run({"run", "p.yaml", "--input", "text=print"});
  CHECK(outcome.out == "{\"item\":0,\"said\":\"done\"}\n");
  CHECK(outcome.err == "printed\n");
  CHECK(outcome.status == 0);
}
