#include "clip/node/text_embedder.h"

#include <fmt/format.h>

#include <vector>

#include "pipit/torch.h"

namespace pipit::clip {
namespace {

std::size_t max_words(const Arguments& arguments, std::int64_t context_length) {
  const std::int64_t most = arguments.integer("max_words");
  if (most < 2) throw Error("invalid_argument", fmt::format("max_words is at least 2 (start and end), got {}", most));
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
  std::vector<std::uint32_t> rows;
  std::vector<Sentence> sentences;
  for (std::uint32_t row = 0; row < in.size(); ++row) {
    try {
      sentences.push_back(tokenizer_->encode(in[row][0].string(), max_words_, options_.rules));
      rows.push_back(row);
      if (sentences.back().cut) context_.count("sentences_cut");
    } catch (const Error& error) {
      out.fail(row, error);
    }
  }
  if (rows.empty()) return;
  const at::Tensor vectors = options_.normalized ? model_->embed(sentences) : model_->features(sentences);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    out.emit(rows[i], from_torch(vectors.select(0, static_cast<std::int64_t>(i))));
  }
}

}  // namespace pipit::clip
