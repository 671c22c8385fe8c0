#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>

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
  for (const std::string& pipeline :
       {test::kVideoEmbedding, test::kTextEmbedding, test::kImageEmbedding, test::kVideoText, test::kVideoMoments}) {
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
    for (const char* name : {"video_embedding", "text_embedding", "image_embedding", "video_text"}) {
      test::Call call;
      call.arguments = {"run", prefix + name + ".yaml", "--input", "path=a", "--input", "text=a"};
      call.folder = folder;
      call.environment = {"PIPIT_WEIGHTS="};
      const Outcome outcome = run(call);
      CHECK(outcome.out == "");
      CHECK(outcome.status == 2);
      const std::string demo = prefix + "demo/clip4clip-shapes.safetensors";
      const std::string place =
          prefix + name + ".yaml:" + (name == std::string("video_embedding") ? "6" : "5") + ":17: ";
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

TEST_CASE("video_moments: each window of a clip has its times and the vector that its frames alone have") {
  const TemporaryFolder folder;
  const auto pipeline = [&](const std::string& decode, const std::string& window) {
    std::string text = test::read_file(test::kVideoMoments);
    const auto replace = [&](const std::string& from, const std::string& to) {
      REQUIRE(text.find(from) != std::string::npos);
      text.replace(text.find(from), from.size(), to);
    };
    replace("time_step: 1", "time_step: 0.25");
    replace("out: frame}", "out: frame, args: {" + decode + "}}");
    replace("{seconds: 5, start: start_ms, end: end_ms, rows: frames}", window);
    return folder.write("moments.yaml", text);
  };
  const std::string clip = "path=" + test::kClips + "/bframes.mp4";
  const std::string weights = "vars.weights=" + test::kDemo + "/clip4clip-shapes.safetensors";
  const auto outcome_of = [&](const std::string& file) {
    const Outcome outcome = run({"run", file, "--input", clip, "--set", weights});
    CHECK(outcome.err == "");
    REQUIRE(outcome.status == 0);
    return json_lines(outcome.out).at(0);
  };
  const json moments =
      outcome_of(pipeline("start_time: 0", "{seconds: 0.5, start: start_ms, end: end_ms, rows: frames}"));
  REQUIRE(moments["vec"].size() >= 2);
  for (std::size_t i = 0; i < moments["vec"].size(); ++i) {
    CHECK(moments["start_ms"][i] == 500 * i);
    CHECK(moments["end_ms"][i] == 500 * i + 500);
    CHECK(moments["frames"][i] > 0);
  }
  const json first = outcome_of(pipeline("end_time: 0.49", "{size: all, start: start_ms, end: end_ms, rows: frames}"));
  CHECK(first["start_ms"] == 0);
  CHECK(first["end_ms"] < 500);
  CHECK(difference(moments["vec"][0], first["vec"]) <= 1e-6);
  const json shipped = outcome_of(test::kVideoMoments);
  CHECK(shipped["start_ms"][0] == 0);
  CHECK(shipped["end_ms"][0] == 5000);
  CHECK(shipped["vec"].size() == shipped["start_ms"].size());
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
