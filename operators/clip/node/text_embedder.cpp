#include "clip/node/text_embedder.h"

#include <fmt/format.h>

#include <vector>

#include "clip/node/embed_rows.h"

namespace pipit::clip {
namespace {

std::size_t max_words(const Arguments& arguments, std::int64_t context_length) {
  const std::int64_t most = arguments.integer("max_words");
  if (most > context_length) {
    throw Error("invalid_argument",
                fmt::format("max_words is {}, this model's context holds {}", most, context_length));
  }
  return static_cast<std::size_t>(most);
}

}  // namespace

TextEmbedder::TextEmbedder(const Arguments& arguments, const TextOptions& options, const Weights& weights,
                           Context& context)
    : context_(context),
      max_words_(max_words(arguments, weights.checkpoint.architecture.context_length)),
      options_(options),
      tokenizer_(context.shared<Tokenizer>("clip tokenizer", [] { return std::make_unique<Tokenizer>(); })),
      model_(context.shared<TextModel>("clip text model|" + weights.key(), [&] {
        return std::make_unique<TextModel>(weights.checkpoint, weights.placement);
      })) {}

void TextEmbedder::embed(const Batch& in, BatchEmitter& out) {
  embed_rows<Sentence>(
      in, out,
      [&](const Row& row) {
        Sentence sentence = tokenizer_->encode(row[0].string(), max_words_, options_.rules);
        if (sentence.cut) context_.count("sentences_cut");
        return sentence;
      },
      [&](std::span<const Sentence> sentences) {
        return options_.normalized ? model_->embed(sentences) : model_->features(sentences);
      });
}

}  // namespace pipit::clip
