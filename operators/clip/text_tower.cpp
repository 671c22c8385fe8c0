#include "clip/text_tower.h"

#include <ATen/ATen.h>

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "pipit/error.h"

namespace pipit::clip {

TextTower::TextTower(TensorReader& reader)
    : token_embedding_(reader.read_as_stored("token_embedding.weight")),
      positions_(reader.read("positional_embedding")),
      transformer_(reader, {.prefix = "transformer.",
                            .layers = reader.architecture().text.layers,
                            .heads = reader.architecture().text.heads,
                            .activation = reader.architecture().activation,
                            .causal = true,
                            .result = TransformerResult::kOneRowPerSequence}),
      ln_final_(reader, "ln_final."),
      projection_(reader.read("text_projection")) {
  if (token_embedding_.size(0) != kVocabularySize) {
    throw Error("invalid_checkpoint",
                fmt::format("weight_path has {} token embeddings, CLIP's tokenizer makes {} tokens",
                            token_embedding_.size(0), kVocabularySize));
  }
}

at::Tensor TextTower::forward(std::span<const Sentence> sentences) const {
  std::vector<std::int64_t> sizes;
  for (const Sentence& sentence : sentences) {
    sizes.push_back(std::ranges::find(sentence.tokens, kEndOfText) - sentence.tokens.begin() + 1);
  }
  std::vector<std::int64_t> order(sentences.size());  // by size: see Transformer
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](std::int64_t i) { return sizes[i]; });

  std::vector<std::int64_t> tokens;
  std::vector<std::int64_t> places;
  std::vector<std::int64_t> lengths;
  std::vector<std::int64_t> ends;
  std::vector<std::int64_t> back(order.size());
  for (const std::int64_t i : order) {
    const std::int64_t size = sizes[i];
    const auto first = sentences[i].tokens.begin();
    tokens.insert(tokens.end(), first, first + size);
    for (std::int64_t place = 0; place < size; ++place) places.push_back(place);
    back[i] = static_cast<std::int64_t>(lengths.size());
    lengths.push_back(size);
    ends.push_back(static_cast<std::int64_t>(tokens.size()) - 1);
  }
  const auto on_device = [&](const std::vector<std::int64_t>& numbers) {
    return at::tensor(numbers, at::kLong).to(token_embedding_.device());
  };
  const at::Tensor x = token_embedding_.index_select(0, on_device(tokens))
                           .to(positions_.scalar_type())
                           .add_(positions_.index_select(0, on_device(places)));
  const at::Tensor features = transformer_.forward_rows(x, lengths, on_device(ends));
  return at::mm(ln_final_(features), projection_).to(at::kFloat).index_select(0, on_device(back));
}

}  // namespace pipit::clip
