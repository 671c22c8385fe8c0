#include "clip/model/text_tower.h"

#include <ATen/ATen.h>

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "pipit/error.h"

namespace pipit::clip {
namespace {

/// An accelerator is sooner done with some rows too many than with a call for each length.
void even_out(std::vector<std::int64_t>& sizes, std::int64_t context) {
  constexpr std::int64_t kStep = 8;  // so that there are few shapes
  const std::int64_t longest = std::ranges::max(sizes);
  std::ranges::fill(sizes, std::min(context, (longest + kStep - 1) / kStep * kStep));
}

}  // namespace

TextTower::TextTower(TensorReader& reader)
    : variant_(reader.architecture().variant),
      token_embedding_(reader.read_as_stored("token_embedding.weight")),
      positions_(reader.read("positional_embedding")),
      transformer_(reader, {.prefix = "transformer.",
                            .layers = reader.architecture().text.layers,
                            .heads = reader.architecture().text.heads,
                            .activation = reader.architecture().activation,
                            .causal = variant_.causal,
                            .eps = variant_.text_epsilon,
                            .result = TransformerResult::kOneRowPerSequence}),
      ln_final_(reader, "ln_final.", variant_.text_epsilon),
      projection_{reader.read("text_projection").t(), {}} {
  if (token_embedding_.size(0) != kVocabularySize) {
    throw Error("invalid_checkpoint",
                fmt::format("weight_path has {} token embeddings, CLIP's tokenizer makes {} tokens",
                            token_embedding_.size(0), kVocabularySize));
  }
}

at::Tensor TextTower::forward(std::span<const Sentence> sentences) const {
  const std::int64_t context = positions_.size(0);
  std::vector<std::int64_t> ends_of_text;
  std::vector<std::int64_t> sizes;
  for (const Sentence& sentence : sentences) {
    ends_of_text.push_back(std::ranges::find(sentence.tokens, kEndOfText) - sentence.tokens.begin());
    // Nothing before a position looks behind it, unless the model is not causal.
    const std::int64_t seen = variant_.text_pool == weights::TextPool::kFirst ? 1 : ends_of_text.back() + 1;
    sizes.push_back(padded() ? context : seen);
  }
  if (!token_embedding_.is_cpu()) even_out(sizes, context);
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
    const auto start = static_cast<std::int64_t>(tokens.size());
    tokens.insert(tokens.end(), first, first + std::min(size, static_cast<std::int64_t>(sentences[i].tokens.size())));
    tokens.resize(static_cast<std::size_t>(start + size), 0);
    for (std::int64_t place = 0; place < size; ++place) places.push_back(place);
    back[i] = static_cast<std::int64_t>(lengths.size());
    lengths.push_back(size);
    ends.push_back(start + (variant_.text_pool == weights::TextPool::kFirst  ? 0
                            : variant_.text_pool == weights::TextPool::kLast ? size - 1
                                                                             : ends_of_text[i]));
  }
  const auto on_device = [&](const std::vector<std::int64_t>& numbers) {
    return at::tensor(numbers, at::kLong).to(token_embedding_.device());
  };
  const at::Tensor x = token_embedding_.index_select(0, on_device(tokens))
                           .to(positions_.scalar_type())
                           .add_(positions_.index_select(0, on_device(places)));
  const at::Tensor features = transformer_.forward_rows(x, lengths, ends);
  return projection_(ln_final_(features)).to(at::kFloat).index_select(0, on_device(back));
}

}  // namespace pipit::clip
