// The demo's own model: sentences as its training code embeds them (pipelines/demo/reference.json).
#include <ATen/core/Tensor.h>
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "clip/model/text_model.h"
#include "clip/text/tokenizer.h"

namespace clip = pipit::clip;
namespace weights = pipit::weights;

TEST_CASE("demo: sentences have the tokens and vectors of the training code") {
  const std::string folder = std::string(PIPIT_SOURCE_DIR) + "/pipelines/demo";
  std::ifstream in(folder + "/reference.json");
  const auto reference = nlohmann::json::parse(in);
  const clip::Tokenizer tokenizer;
  const auto file = weights::Checkpoint::open(folder + "/clip4clip-shapes.safetensors");
  const clip::TextModel model(weights::resolve_clip(file, {}), clip::Placement::parse("cpu", "float32"));
  REQUIRE(!reference["clips"].empty());
  for (const auto& expected : reference["clips"]) {
    const clip::Sentence sentence = tokenizer.encode(expected["text"].get<std::string>(), 32);
    CHECK(sentence.tokens == expected["tokens"]);
    const at::Tensor vectors = model.embed({&sentence, 1});
    const std::vector<float> vector = expected["text_vec"];
    REQUIRE(vectors.size(1) == static_cast<std::int64_t>(vector.size()));
    for (std::size_t i = 0; i < vector.size(); ++i) {
      CHECK(std::abs(vectors.const_data_ptr<float>()[i] - vector[i]) <= 2e-5);
    }
  }
}
