#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <vector>

#include "files.h"
#include "program.h"

using nlohmann::json;
using test::json_lines;
using test::Outcome;
using test::run;
using test::TemporaryFolder;

namespace {

/// The largest difference between a vector printed and one of the reference.
double difference(const json& a, const json& b) {
  REQUIRE(a.size() == b.size());
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i].get<double>() - b[i].get<double>()));
  return most;
}

}  // namespace

TEST_CASE("pipelines: the shipped ones are right and need nothing but weights and their inputs") {
  for (const std::string& pipeline : {test::kVideoEmbedding, test::kTextEmbedding, test::kImageEmbedding,
                                      test::kVideoText, test::kMoments, test::kClipRows, test::kImageRows}) {
    const Outcome checked = run({"check", pipeline});
    CHECK(checked.err == "");
    CHECK(checked.status == 0);
  }
  const Outcome explained = run({"check", test::kVideoEmbedding, "--explain"});
  CHECK(explained.out.find("does the work of 'sample' too") != std::string::npos);
}

TEST_CASE("pipelines: the shipped ones take no weights that nobody gave") {
  // In another folder, and in this one: the file that the sentence names is there, seen from where the program was run.
  for (const std::string& folder : {std::string("/"), test::kPipelines}) {
    const std::string prefix = folder == "/" ? test::kPipelines + "/" : "./";
    const std::map<std::string, std::string> places = {
        {"video_embedding", "7:12"}, {"text_embedding", "5:17"}, {"image_embedding", "6:12"}, {"video_text", "6:12"}};
    for (const auto& [name, where] : places) {
      test::Call call;
      call.arguments = {"run", prefix + name + ".yaml", "--input", "path=a", "--input", "text=a"};
      call.folder = folder;
      call.environment = {"PIPIT_WEIGHTS="};
      const Outcome outcome = run(call);
      CHECK(outcome.out == "");
      CHECK(outcome.status == 2);
      const std::string demo = prefix + "demo/clip4clip-shapes.safetensors";
      const std::string place = prefix + name + ".yaml:" + where + ": ";
      CHECK(outcome.err.substr(0, outcome.err.find('\n')) ==
            place + "no weights: give --set vars.weights=FILE or PIPIT_WEIGHTS=FILE; for trying out, " + demo +
                " is a toy model");
      CHECK(std::filesystem::exists(std::filesystem::path(folder) / demo));
      call.arguments[0] = "check";
      call.arguments.resize(2);
      const Outcome checked = run(call);
      CHECK(checked.status == 0);
      CHECK(checked.err.find("no weights: give --set vars.weights=FILE") != std::string::npos);
      call.environment.clear();
      call.environment.push_back("PIPIT_WEIGHTS=" + demo);
      CHECK(run(call).err == "");
    }
  }
}

TEST_CASE("image_embedding: an image gets a vector of the length of a clip's") {
  const std::string image = std::string(PIPIT_SOURCE_DIR) + "/tests/operators/image_decode/data/even.jpg";
  const Outcome embedded = run({"run", test::kImageEmbedding, "--input", "path=" + image});
  REQUIRE(embedded.status == 0);
  double squares = 0;
  const json vector = json_lines(embedded.out).at(0)["vec"];
  for (const json& value : vector) squares += value.get<double>() * value.get<double>();
  CHECK(vector.size() == 128);
  CHECK(std::abs(squares - 1) < 1e-5);
}

TEST_CASE("video_embedding: the demo's clips give the reference's vectors") {
  // reference.json comes from the Python model that train.py evaluates, over frames decoded by PyAV.
  const json reference = json::parse(test::read_file(test::kDemo + "/reference.json"));
  test::Call call;
  call.arguments = {"run", "../video_embedding.yaml", "--inputs", "clips.jsonl"};
  call.folder = test::kDemo;
  const Outcome videos = run(call);
  CHECK(videos.err == "");
  REQUIRE(videos.status == 0);
  call.arguments = {"run", "../text_embedding.yaml", "--inputs", "clips.jsonl"};
  const Outcome texts = run(call);
  REQUIRE(texts.status == 0);
  const auto video_lines = json_lines(videos.out);
  const auto text_lines = json_lines(texts.out);
  const json& clips = reference.contains("clips") ? reference["clips"] : reference;
  REQUIRE(video_lines.size() == clips.size());
  REQUIRE(text_lines.size() == clips.size());
  for (std::size_t i = 0; i < clips.size(); ++i) {
    CAPTURE(clips[i]["id"]);
    CHECK(video_lines[i]["id"] == clips[i]["id"]);
    CHECK(difference(video_lines[i]["vec"], clips[i]["video_vec"]) <= 2e-5);
    CHECK(difference(text_lines[i]["vec"], clips[i]["text_vec"]) <= 2e-5);
  }
}

TEST_CASE("moments: each window of a clip has its times and the vector that its frames alone have") {
  const TemporaryFolder folder;
  // Four frames a second, windows of half a second every quarter; each frame is in two of them.
  std::string windows = test::read_file(test::kMoments);
  const auto replace = [](std::string& text, const std::string& from, const std::string& to) {
    REQUIRE(text.find(from) != std::string::npos);
    text.replace(text.find(from), from.size(), to);
  };
  replace(windows, "time_step: 1", "time_step: 0.125");
  replace(windows, "{seconds: 4, step: 2,", "{seconds: 0.5, step: 0.25,");
  windows.erase(windows.find("index:"));
  const std::string alone = R"(pipit: 1
vars: {weights: ""}
inputs: {path: string}
nodes:
  - {name: decode, op: video_decode.ffmpeg, in: path, out: frame, args: {sample_type: time_step_sample, time_step: 0.125}}
  - name: embed
    op: video_text_embedding.clip4clip
    in: frame
    out: vec
    window: {seconds: 0.5, step: 0.25, start: start_ms, end: end_ms, rows: frames}
    args: {model_name: auto, weight_path: $weights, modality: video, device: cpu}
outputs: [start_ms, end_ms, frames, vec]
)";
  const std::string clip = "path=" + test::kClips + "/bframes.mp4";
  const auto outcome_of = [&](const std::string& file) {
    const Outcome outcome = run({"run", file, "--input", clip, "--set", "vars.weights=" + test::kDemoWeights, "--stats",
                                 folder.path() + "/stats.json"});
    CHECK(outcome.err == "");
    REQUIRE(outcome.status == 0);
    return json_lines(outcome.out).at(0);
  };
  const json together = outcome_of(folder.write("moments.yaml", windows));
  const json nodes = json::parse(test::read_file(folder.path() + "/stats.json"))["nodes"];
  const json separate = outcome_of(folder.write("alone.yaml", alone));
  REQUIRE(together["vec"].size() >= 4);
  std::int64_t rows = 0;
  for (const char* fact : {"start_ms", "end_ms", "frames"}) CHECK(together[fact] == separate[fact]);
  for (std::size_t i = 0; i < together["vec"].size(); ++i) {
    CHECK(together["start_ms"][i] == 250 * i);
    CHECK(difference(together["vec"][i], separate["vec"][i]) <= 1e-6);
    rows += together["frames"][i].get<std::int64_t>();
  }
  // Frames are embedded once, however many windows hold them.
  REQUIRE(nodes[1]["name"] == "embed");
  CHECK(nodes[1]["rows_in"] == nodes[0]["rows_out"]);
  CHECK(nodes[1]["rows_in"].get<std::int64_t>() < rows);
  CHECK(nodes[0]["items"] == 1);

  const json shipped = outcome_of(test::kMoments);
  CHECK(shipped["start_ms"][0] == 0);
  CHECK(shipped["end_ms"][0] == 4000);
  CHECK(shipped["vec"].size() == shipped["start_ms"].size());
}

TEST_CASE("clips and images: a row is what the pipelines of the query give") {
  const std::string clip = "path=" + test::kClips + "/bframes.mp4";
  const std::string image = "path=" + std::string(PIPIT_SOURCE_DIR) + "/tests/operators/image_decode/data/even.jpg";
  const auto vector_of = [&](const std::string& pipeline, const std::string& input) {
    const Outcome outcome = run({"run", pipeline, "--input", input});
    REQUIRE(outcome.status == 0);
    return json_lines(outcome.out).at(0)["vec"];
  };
  CHECK(vector_of(test::kClipRows, clip) == vector_of(test::kVideoEmbedding, clip));
  CHECK(vector_of(test::kImageRows, image) == vector_of(test::kImageEmbedding, image));
}

TEST_CASE("spaces: clips and images and sentences of one checkpoint share theirs") {
  const TemporaryFolder folder;
  const std::string clip = "path=" + test::kClips + "/bframes.mp4";
  const std::string image = "path=" + std::string(PIPIT_SOURCE_DIR) + "/tests/operators/image_decode/data/even.jpg";
  const std::string sum = test::shell("sha256sum " + test::kDemoWeights).out.substr(0, 64);
  const std::string space = "ViT width 128 patch 16 sha256:" + sum;
  const auto space_of = [&](const std::string& pipeline, const std::string& input, std::vector<std::string> more = {}) {
    const std::string output = folder.path() + "/out.jsonl";
    std::vector<std::string> words{"run", pipeline, "--input", input, "--output", output, "--overwrite"};
    words.insert(words.end(), more.begin(), more.end());
    REQUIRE(run(words).err == "");
    const std::string record = test::read_file(output + ".run");
    return json::parse(record.substr(0, record.find("\n}\n") + 3))["spaces"]["vec"].get<std::string>();
  };
  CHECK(space_of(test::kTextEmbedding, "text=a") == space);
  CHECK(space_of(test::kVideoEmbedding, clip) == space);
  CHECK(space_of(test::kImageEmbedding, image) == space);
  CHECK(space_of(test::kMoments, clip) == space);
  CHECK(space_of(test::kTextEmbedding, "text=a", {"--set", "embed.dtype=int8"}) == space);
  CHECK(space_of(test::kTextEmbedding, "text=a", {"--no-cache"}) == space);
  CHECK(space_of(test::kTextEmbedding, "text=a", {"--set", "embed.mmap=false"}) == space);
  CHECK(space_of(test::kTextEmbedding, "text=a", {"--set", "embed.space=mine"}) == "mine");
}

TEST_CASE("video_text: both branches give what the single pipelines give") {
  const std::string clip = test::kClips + "/bframes.mp4";
  const Outcome both = run({"run", test::kVideoText, "--input", "path=" + clip, "--input", "text=two red circles"});
  CHECK(both.err == "");
  REQUIRE(both.status == 0);
  const json line = json_lines(both.out).at(0);
  const Outcome video = run({"run", test::kVideoEmbedding, "--input", "path=" + clip});
  const Outcome text = run({"run", test::kTextEmbedding, "--input", "text=two red circles"});
  CHECK(difference(line["video_vec"], json_lines(video.out).at(0)["vec"]) <= 1e-6);
  CHECK(difference(line["text_vec"], json_lines(text.out).at(0)["vec"]) <= 1e-6);
}

TEST_CASE("video_embedding: a bad item in a list from standard input costs only itself") {
  const TemporaryFolder folder;
  const std::string out = folder.path() + "/out.jsonl";
  const std::string a = test::kClips + "/bframes.mp4";
  const std::string b = test::kClips + "/vp9.webm";
  const Outcome outcome = run({"run", test::kVideoEmbedding, "--inputs", "-", "--output", out},
                              R"({"id":7,"path":")" + a + "\"}\n" + R"({"id":8,"path":"missing.mp4"})" + "\n" +
                                  R"({"id":9,"path":")" + b + "\"}\n");
  CHECK(outcome.out == "");
  CHECK(outcome.err == "1 of 3 items failed; item 1: node 'decode': video 'missing.mp4' does not exist (not_found); '" +
                           out + "' has its line\n");
  CHECK(outcome.status == 1);
  const std::string written = test::read_file(out);
  const auto lines = json_lines(written);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0]["item"] == 0);
  CHECK(lines[0]["id"] == 7);
  CHECK(lines[0]["vec"].size() == 128);
  CHECK(
      lines[1].dump() ==
      R"({"error":{"code":"not_found","message":"video 'missing.mp4' does not exist","node":"decode"},"id":8,"item":1,"path":"missing.mp4"})");
  CHECK(lines[2]["id"] == 9);
  CHECK(lines[2]["vec"].size() == 128);
}

TEST_CASE("text_embedding: a NumPy array holds the vector that JSON prints") {
  const TemporaryFolder folder;
  const std::string file = folder.path() + "/vec.npy";
  const std::string sentence = "text=kids feeding and playing with the horse";
  const Outcome outcome = run({"run", test::kTextEmbedding, "--input", sentence, "--output", file});
  CHECK(outcome.err == "");
  REQUIRE(outcome.status == 0);
  const std::string bytes = test::read_file(file);
  REQUIRE(bytes.size() == 256 + 128 * sizeof(float));
  CHECK(bytes.substr(0, 8) == std::string("\x93NUMPY\x01\x00", 8));
  CHECK(bytes.substr(10, 61) == "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 128), }");
  CHECK(test::read_file(file + ".jsonl") ==
        "{\"item\":0,\"row\":0,\"text\":\"kids feeding and playing with the horse\"}\n");
  const json printed = json_lines(run({"run", test::kTextEmbedding, "--input", sentence}).out).at(0)["vec"];
  for (std::size_t i = 0; i < 128; ++i) {
    float x = 0;
    std::memcpy(&x, bytes.data() + 256 + i * sizeof(float), sizeof(float));
    CHECK(x == printed[i].get<float>());
  }
}

TEST_CASE("weights: a file that is not the model stops the run before any item") {
  const TemporaryFolder folder;
  const std::string weights = test::kDemo + "/clip4clip-shapes.safetensors";
  const auto refused = [&](const std::vector<std::string>& set) {
    std::vector<std::string> arguments{"run", test::kTextEmbedding, "--input", "text=a"};
    for (const std::string& one : set) arguments.insert(arguments.end(), {"--set", one});
    const Outcome outcome = run(arguments);
    CHECK(outcome.out == "");
    CHECK(outcome.status == 2);
    return outcome.err;
  };
  const std::string place = test::kTextEmbedding + ":8: node 'embed': ";
  const std::string file = test::kTextEmbedding + ": node 'embed': ";  // what --set gives has no place there
  const std::string models =
      "argument 'model_name' takes one of 'auto', 'clip_vit_b32', 'clip_vit_b16', 'clip_vit_l14' and "
      "'clip_vit_l14@336px', found ";
  CHECK(refused({"embed.model_name=clip_vit_b32"}) ==
        place + "weight_path '" + weights +
            "' holds ViT width 128 patch 16 (embed 128, vision width 128, patch 16, text width 128), model_name says "
            "clip_vit_b32\n");
  CHECK(refused({"embed.model_name=/x/y.pth"}) ==
        file + models + "'/x/y.pth'; the path of a file goes into 'weight_path'\n");
  CHECK(refused({"embed.model_name=clip_vit_b23"}) == file + models + "'clip_vit_b23'; did you mean 'clip_vit_b32'?\n");
  CHECK(refused({"embed.weight_path=none.pth"}) == file + "argument 'weight_path': 'none.pth' does not exist\n");
  const std::string lfs =
      folder.write("w.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n");
  CHECK(refused({"embed.weight_path=" + lfs}) ==
        place + "weight_path '" + lfs + "' is a git-lfs pointer, not the file itself; fetch it with 'git lfs pull'\n");
  const std::string cut = folder.write("cut.safetensors", test::read_file(weights).substr(0, 7000000));
  CHECK(refused({"embed.weight_path=" + cut}) ==
        place + "weight_path '" + cut +
            "' is cut short: tensor 'clip.token_embedding.weight' ends at byte 12701442 of the data, and "
            "there are 6990016; download or copy it again\n");
}
