// pipit weights verify, and the cache, with the operator and the demo's weights.
#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>

#include "files.h"
#include "program.h"

using nlohmann::json;
using test::Outcome;
using test::run;
using test::TemporaryFolder;

namespace {

const std::string kWeights = test::kDemo + "/clip4clip-shapes.safetensors";

// The demo's file with other numbers in its tensors: as large, as likely, and untrained.
std::string random_weights() {
  std::string bytes = test::read_file(kWeights);
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), sizeof(header));
  std::mt19937 random(7);
  for (std::size_t i = sizeof(header) + header; i + 1 < bytes.size(); i += 2) {
    // Positive and negative float16 numbers from 0.008 to 0.06.
    const auto bits = static_cast<std::uint16_t>(0x2000 + random() % 0x0c00 + (random() % 2 << 15));
    std::memcpy(bytes.data() + i, &bits, sizeof(bits));
  }
  return bytes;
}

Outcome run_with_cache(const std::vector<std::string>& arguments, const std::string& cache) {
  test::Call call;
  call.arguments = arguments;
  call.environment = {"PIPIT_CACHE=" + cache};
  return run(call);
}

}  // namespace

TEST_CASE("weights verify: the demo's towers agree") {
  const Outcome outcome = run({"weights", "verify", kWeights, "--json"});
  CHECK(outcome.status == 0);
  const json result = json::parse(outcome.out);
  CHECK(result.at("agree") == true);
  CHECK(result.at("chance").get<double>() <= 1e-4);
  CHECK(result.at("similarity").size() == 12);
  CHECK(result.at("sentence_matches").get<int>() >= 6);
}

TEST_CASE("weights verify: random weights do not agree") {
  const TemporaryFolder folder;
  const Outcome outcome = run({"weights", "verify", folder.write("random.safetensors", random_weights())});
  CHECK(outcome.status == 1);
  CHECK(outcome.out.ends_with("the two modalities do not agree: these are not the weights of a trained CLIP\n"));
}

TEST_CASE("weights verify: one tower cannot be compared") {
  const std::string file = std::string(PIPIT_SOURCE_DIR) + "/tests/weights/data/huggingface_text/model.safetensors";
  const Outcome outcome = run({"weights", "verify", file});
  CHECK(outcome.status == 2);
  CHECK(outcome.err == "weight_path '" + file + "' holds a text tower only; verify compares both\n");
}

TEST_CASE("weights cache: a run converts once and uses what it kept") {
  const TemporaryFolder folder;
  const auto vector_of = [&](const std::vector<std::string>& more, const std::string& cache) {
    std::vector<std::string> arguments = {
        "run", test::kVideoEmbedding, "--input", "path=" + test::kDemo + "/heldout/000.mp4", "--progress", "off"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = run_with_cache(arguments, cache);
    CHECK(outcome.status == 0);
    return json::parse(outcome.out).at("vec");
  };
  const std::string cache = folder.path() + "/cache";
  const json without = vector_of({"--no-cache"}, cache);
  CHECK_FALSE(std::filesystem::exists(cache));
  CHECK(vector_of({"--set", "embed.cache=false"}, cache) == without);
  CHECK_FALSE(std::filesystem::exists(cache));
  CHECK(vector_of({}, cache) == without);
  CHECK(vector_of({}, cache) == without);
  const Outcome shown = run_with_cache({"weights", "cache", "--json"}, cache);
  const json entries = json::parse(shown.out).at("entries");
  REQUIRE(entries.size() == 1);
  CHECK(entries[0].at("conversion") == "float32-but-token_embedding.weight");
  CHECK(vector_of({}, test::kDemo + "/README.md") == without);  // a place where no folder can be
}
